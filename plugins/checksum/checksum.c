/* checksum: the digest of every file below a directory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "parameters.h"
#include "tree.h"

static const char schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"path\"],\"properties\":{"
    "\"path\":{\"type\":\"string\",\"minLength\":1,\"description\":\"a directory, or one file\"},"
    "\"follow_symlinks\":{\"type\":\"boolean\",\"default\":false,"
    "\"description\":\"whether links below the directory are followed; else they are passed over\"},"
    "\"algorithm\":{\"type\":\"string\",\"enum\":[\"sha256\",\"sha512\",\"blake2b512\"],"
    "\"default\":\"sha256\"}}}";

static const char *const algorithm_choices[] = {"sha256", "sha512", "blake2b512", NULL};

static int fail_to_list(const millrace_context *context, const char *path, int problem) {
    switch (problem) {
    case TREE_CANCELLED:
        return job_fail(context, "cancelled", FAIL_RETRYABLE, "cancelled while listing `%s`", path);
    case ENOENT:
    case ENOTDIR:
        return job_fail(context, "not_found", FAIL_FOR_GOOD, "cannot find `%s`: %s", path, strerror(problem));
    case EINVAL:
        return job_fail(context, "not_a_file", FAIL_FOR_GOOD, "`%s` is neither a file nor a directory", path);
    case EACCES:
    case EPERM:
        return job_fail(context, "unreadable", FAIL_FOR_GOOD, "cannot read `%s`: %s", path,
                        strerror(problem));
    default:
        return job_fail(context, "not_listed", FAIL_RETRYABLE, "cannot list `%s`: %s", path,
                        strerror(problem));
    }
}

/* Sets the result, and fails if anything could not be read. */
static int finish(const millrace_context *context, const tree *all, const char *lines, size_t length) {
    if (job_result(context, lines, length, "text/plain; charset=utf-8") != MILLRACE_OK) {
        return MILLRACE_FAILED;
    }
    if (all->unreadable == 0) return MILLRACE_OK;
    return job_fail(context, "unreadable", FAIL_FOR_GOOD,
                    "could not read %zu of the files and directories; the log names each", all->unreadable);
}

static int run(const millrace_job *job, const millrace_context *context) {
    parameters given;
    parameters_open(&given, job);
    const char *path = parameters_text(&given, "path", NULL);
    int follow = parameters_flag(&given, "follow_symlinks", 0);
    const char *algorithm = algorithm_choices[parameters_choice(&given, "algorithm", algorithm_choices)];
    if (path == NULL) parameters_refuse(&given, "`path` must name a directory or a file");
    if (parameters_refused(&given, context)) return MILLRACE_FAILED;

    context->progress(context, 0, "listing");
    tree all;
    int problem = tree_open(&all, path, follow, context);
    if (problem != 0) return fail_to_list(context, path, problem);

    char *lines = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&lines, &length);
    EVP_MD *digest = EVP_MD_fetch(NULL, algorithm, NULL);
    problem = stream == NULL ? ENOMEM : digest == NULL ? ENOTSUP : digest_tree(&all, digest, stream, context);
    if (stream != NULL && fclose(stream) != 0 && problem == 0) problem = ENOMEM;
    if (problem == ECANCELED) {
        return job_fail(context, "cancelled", FAIL_RETRYABLE, "cancelled while reading `%s`", path);
    }
    if (problem != 0) {
        return job_fail(context, "not_summed", FAIL_RETRYABLE, "cannot make a %s sum: %s", algorithm,
                        strerror(problem));
    }
    return finish(context, &all, lines, length);
}

static const millrace_handler handlers[] = {{
    .size = sizeof(millrace_handler),
    .name = "checksum",
    .summary = "Sums every file below a directory, as sha256sum does",
    .parameter_schema = schema,
    .run = run,
}};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "checksum",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = 1,
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) {
    return &plugin;
}
