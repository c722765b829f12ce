#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archiver.h"
#include "new_file.h"
#include "pack.h"
#include "utf8.h"

const char archive_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"path\",\"archive\"],\"properties\":{"
    "\"path\":{\"type\":\"string\",\"minLength\":1,\"description\":\"the directory, absolute\"},"
    "\"archive\":{\"type\":\"string\",\"minLength\":1,\"description\":\"the file to write, absolute\"},"
    "\"format\":{\"type\":\"string\",\"enum\":[\"tar.zst\",\"tar.gz\",\"zip\"],"
    "\"description\":\"without it, as the name of the archive ends\"},"
    "\"except\":{" PATTERNS_SCHEMA ",\"description\":\"files and directories to leave out\"},"
    "\"replace\":{\"type\":\"boolean\",\"default\":false,"
    "\"description\":\"whether the archive may take the place of a file\"},"
    "\"cross_filesystems\":{\"type\":\"boolean\",\"default\":false,"
    "\"description\":\"whether what is mounted below is put in, too\"}}}";

/* Returns the format that the name of a file ends in; -1 for none of ours. */
static int format_of(const char *name) {
    static const char *const endings[] = {".tar.zst", ".tar.gz", ".zip", ".tgz"};
    static const int formats[] = {FORMAT_TAR_ZST, FORMAT_TAR_GZ, FORMAT_ZIP, FORMAT_TAR_GZ};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        size_t length = strlen(name), ending = strlen(endings[i]);
        if (length > ending && strcmp(name + length - ending, endings[i]) == 0) return formats[i];
    }
    return -1;
}

static int fail_to_pack(const packing *all, const char *path, int problem) {
    if (problem == ECANCELED) {
        return job_fail(all->context, "cancelled", FAIL_RETRYABLE, "cancelled while packing `%s`", path);
    }
    if (all->problem[0] == 0) {
        return job_fail(all->context, "not_written", FAIL_RETRYABLE, "cannot pack `%s`: %s", path,
                        strerror(problem));
    }
    return job_fail(all->context, all->unreadable != NULL ? "unreadable" : "not_written",
                    all->unreadable != NULL ? FAIL_FOR_GOOD : FAIL_RETRYABLE, "%s", all->problem);
}

/* What `file.archive` was asked for. */
typedef struct pack_request {
    const char *path, *archive;
    int format, replaces;
    patterns except;
} pack_request;

static int pack_into(int directory, const char *name, packing *all, const pack_request *wanted,
                     const millrace_job *job) {
    new_file file;
    struct stat status = {0};
    if (fstatat(directory, name, &all->replaced, AT_SYMLINK_NOFOLLOW) == 0 && !wanted->replaces) {
        return job_fail(all->context, "exists", FAIL_FOR_GOOD,
                        "`%s` exists already; `replace` would replace it", wanted->archive);
    }
    int problem = new_file_open(&file, directory, job);
    if (problem == 0 && fstat(file.descriptor, &all->own) < 0) problem = errno;
    if (problem == 0) problem = pack(all, file.descriptor);
    if (problem == 0 && fstat(file.descriptor, &status) < 0) problem = errno;
    /* Whoever may read a new file may read it. */
    mode_t mask = umask(0);
    umask(mask);
    if (problem == 0 && fchmod(file.descriptor, 0666 & ~mask) < 0) problem = errno;
    if (problem != 0) {
        new_file_drop(&file);
        return fail_to_pack(all, wanted->path, problem);
    }
    problem = new_file_keep(&file, name, wanted->replaces);
    if (problem == 0 && fsync(directory) < 0) problem = errno;
    if (problem != 0) {
        return job_fail(all->context, "not_written", FAIL_RETRYABLE, "cannot write `%s`: %s", wanted->archive,
                        strerror(problem));
    }
    return archiver_answer(json_pack("{sosssIsIsIsIsIsIsI}", "archive", utf8_json(wanted->archive),
                            "format", pack_formats[all->format],
                            "files", (json_int_t)all->files,
                            "directories", (json_int_t)all->directories,
                            "links", (json_int_t)all->links,
                            "bytes", (json_int_t)all->bytes,
                            "archive_bytes", (json_int_t)status.st_size,
                            "passed_over", (json_int_t)all->passed_over,
                            "changed", (json_int_t)all->changed),
                  all->context);
}

int archive_run(const millrace_job *job, const millrace_context *context) {
    parameters given;
    tree_root root;
    tree_list list;
    parameters_open(&given, job);
    pack_request wanted = {
        .path = parameters_text(&given, "path", ""),
        .archive = parameters_text(&given, "archive", ""),
        .replaces = parameters_flag(&given, "replace", 0),
        .except = parameters_patterns(&given, "except"),
    };
    int flags = parameters_flag(&given, "cross_filesystems", 0) ? TREE_ROOT_CROSSES : 0;
    wanted.format = json_object_get(given.object, "format") != NULL
                        ? parameters_choice(&given, "format", pack_formats)
                        : format_of(wanted.archive);
    if (wanted.path[0] == 0) parameters_refuse(&given, "`path` must name a directory");
    if (wanted.format < 0) {
        parameters_refuse(&given, "`archive` must end in .tar.zst, .tar.gz or .zip, or `format` be given");
    }
    if (parameters_refused(&given, context)) return MILLRACE_FAILED;
    if (archiver_use_utf8(context) != MILLRACE_OK) return MILLRACE_FAILED;

    const char *name;
    int problem = tree_root_open(&root, wanted.path, flags);
    if (problem != 0) return tree_root_fail(context, wanted.path, problem);
    int directory = new_file_directory(wanted.archive, &name);
    if (directory < 0) return tree_root_fail(context, wanted.archive, -directory);
    context->progress(context, 0, "listing");
    problem = tree_list_read(&list, &root, &wanted.except, context);
    packing all = {.root = &root, .list = &list, .format = wanted.format, .context = context};
    if (problem != 0) return fail_to_pack(&all, wanted.path, problem);
    if (list.unreadable > 0) {
        return job_fail(context, "unreadable", FAIL_FOR_GOOD,
                        "cannot read %zu of the files and directories in `%s`; the log names each",
                        list.unreadable, wanted.path);
    }
    return pack_into(directory, name, &all, &wanted, job);
}
