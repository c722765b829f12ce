/* thumbnail: a small copy of a picture. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parameters.h"
#include "scale.h"

/* A decoded picture takes 4 bytes a pixel: 400 MB at most. */
#define PIXELS_MAX INT64_C(100000000)
#define FILE_MAX (INT64_C(256) << 20)

static const char schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"path\":{\"type\":\"string\",\"minLength\":1,"
    "\"description\":\"a PNG, JPEG, WebP or GIF file; default: the job's input\"},"
    "\"width\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":4096,\"default\":256},"
    "\"height\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":4096,\"default\":256},"
    "\"format\":{\"type\":\"string\",\"enum\":[\"jpeg\",\"png\",\"webp\"],\"default\":\"jpeg\"},"
    "\"quality\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100,\"default\":80,"
    "\"description\":\"of jpeg and webp\"}}}";

static const char *const format_choices[] = {"jpeg", "png", "webp", NULL};
static const picture_format formats[] = {PICTURE_JPEG, PICTURE_PNG, PICTURE_WEBP};
static const char *const media_types[] = {"image/jpeg", "image/png", "image/webp"};

typedef struct wanted {
    int width;
    int height;
    int choice;
    int quality;
} wanted;

/* gd has no place for a pointer of ours; a job is one process and has one context. */
static const millrace_context *gd_listener;

__attribute__((format(printf, 2, 0))) static void hear_gd(int level, const char *format, va_list values) {
    char message[400];
    (void)level; /* What is wrong with a picture is no error of the job until it can't be decoded. */
    vsnprintf(message, sizeof message, format, values);
    message[strcspn(message, "\n")] = 0;
    gd_listener->log(gd_listener, MILLRACE_LOG_WARNING, message, NULL, 0);
}

/* Maps the file at `path`. Returns MILLRACE_OK, or MILLRACE_FAILED and has said why. */
static int map_file(const char *path, const uint8_t **bytes, size_t *length,
                    const millrace_context *context) {
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0 || fstat(file, &status) < 0) {
        int problem = errno, is_missing = problem == ENOENT || problem == ENOTDIR;
        return job_fail(context, is_missing ? "not_found" : "unreadable", FAIL_FOR_GOOD,
                        "cannot open `%s`: %s", path, strerror(problem));
    }
    if (!S_ISREG(status.st_mode) || status.st_size == 0) {
        return job_fail(context, "not_an_image", FAIL_FOR_GOOD, "`%s` is %s", path,
                        S_ISREG(status.st_mode) ? "empty" : "not a file");
    }
    if (status.st_size > FILE_MAX) {
        return job_fail(context, "too_large", FAIL_FOR_GOOD, "`%s` has %lld bytes; at most %lld are read",
                        path, (long long)status.st_size, (long long)FILE_MAX);
    }
    *length = (size_t)status.st_size;
    *bytes = mmap(NULL, *length, PROT_READ, MAP_PRIVATE, file, 0);
    if (*bytes == MAP_FAILED) {
        return job_fail(context, "unreadable", FAIL_FOR_GOOD, "cannot read `%s`: %s", path, strerror(errno));
    }
    close(file);
    return MILLRACE_OK;
}

/* Refuses by the header alone what should not be decoded. */
static int check(const picture *found, size_t length, const millrace_context *context) {
    if (found->format == PICTURE_UNKNOWN || found->width == 0 || found->height == 0) {
        return job_fail(context, "not_an_image", FAIL_FOR_GOOD, "this is no PNG, JPEG, WebP or GIF picture");
    }
    if (found->width > PIXELS_MAX / found->height || (int64_t)length > FILE_MAX) {
        return job_fail(context, "too_large", FAIL_FOR_GOOD,
                        "the picture has %lld × %lld pixels in %zu bytes; at most 100 megapixels in 256 MiB "
                        "are decoded",
                        (long long)found->width, (long long)found->height, length);
    }
    if (found->is_animated) {
        return job_fail(context, "not_an_image", FAIL_FOR_GOOD, "an animated WebP is no single picture");
    }
    return MILLRACE_OK;
}

static int shrink(const picture *found, const uint8_t *bytes, size_t length, const wanted *want,
                  const millrace_context *context) {
    context->progress(context, 0, "decoding");
    gdImagePtr original = picture_decode(found, bytes, length);
    if (original == NULL) {
        return job_fail(context, "not_an_image", FAIL_FOR_GOOD,
                        "the picture is damaged and can't be decoded");
    }
    context->progress(context, 0.6, "shrinking");
    gdImagePtr small = picture_fit(original, found->orientation, want->width, want->height,
                                   formats[want->choice] != PICTURE_JPEG);
    int size = 0;
    void *encoded = small != NULL ? picture_encode(small, formats[want->choice], want->quality, &size) : NULL;
    if (encoded == NULL) {
        return job_fail(context, "not_encoded", FAIL_RETRYABLE,
                        "the small picture can't be made: memory is short");
    }
    job_log(context, MILLRACE_LOG_INFO, "%d × %d pixels became %d × %d in %d bytes", gdImageSX(original),
            gdImageSY(original), gdImageSX(small), gdImageSY(small), size);
    return job_result(context, encoded, (size_t)size, media_types[want->choice]);
}

static int run(const millrace_job *job, const millrace_context *context) {
    parameters all;
    parameters_open(&all, job);
    const char *path = parameters_text(&all, "path", NULL);
    wanted want = {
        .width = (int)parameters_integer(&all, "width", 256, 1, 4096),
        .height = (int)parameters_integer(&all, "height", 256, 1, 4096),
        .choice = parameters_choice(&all, "format", format_choices),
        .quality = (int)parameters_integer(&all, "quality", 80, 1, 100),
    };
    if (path == NULL && job->input_length == 0) parameters_refuse(&all, "`path` or an input must be given");
    if (parameters_refused(&all, context)) return MILLRACE_FAILED;

    const uint8_t *bytes = job->input;
    size_t length = job->input_length;
    if (path != NULL && map_file(path, &bytes, &length, context) != MILLRACE_OK) return MILLRACE_FAILED;
    picture found = picture_probe(bytes, length);
    if (check(&found, length, context) != MILLRACE_OK) return MILLRACE_FAILED;
    gd_listener = context;
    gdSetErrorMethod(hear_gd);
    return shrink(&found, bytes, length, &want, context);
}

static const millrace_handler handlers[] = {{
    .size = sizeof(millrace_handler),
    .name = "thumbnail",
    .summary = "Makes a small copy of a picture",
    .parameter_schema = schema,
    .run = run,
}};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "thumbnail",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = 1,
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) {
    return &plugin;
}
