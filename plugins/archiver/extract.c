#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archiver.h"
#include "new_file.h"
#include "tree_list.h"
#include "unpack.h"
#include "utf8.h"

const char extract_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"archive\",\"target\"],"
    "\"properties\":{"
    "\"archive\":{\"type\":\"string\",\"minLength\":1,\"description\":\"the file to read, absolute\"},"
    "\"target\":{\"type\":\"string\",\"minLength\":1,"
    "\"description\":\"the directory to make, absolute; it must not be there yet\"},"
    "\"max_bytes\":{\"type\":[\"string\",\"integer\"],\"default\":\"10G\","
    "\"description\":\"how much may come out of it\"},"
    "\"max_files\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100000000,\"default\":100000,"
    "\"description\":\"how many files, directories and links may come out of it\"},"
    "\"max_ratio\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000000,\"default\":250,"
    "\"description\":\"how many times its own size may come out of it\"}}}";

/* Removes a directory that an earlier attempt may have left, and makes it anew. Returns 0 or an errno. */
static int make_directory(tree_root *root, int parent, const char *name) {
    if (tree_root_at(root, parent, name) == 0) {
        tree_empty(root);
        close(root->directory);
    }
    if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT) return errno;
    if (mkdirat(parent, name, 0700) < 0) return errno;
    return tree_root_at(root, parent, name);
}

/* Gives what was unpacked its name. Returns 0 or -1 and has noted why. */
static int keep(unpacking *all, int parent, const char *temporary, const char *name) {
    int problem = 0;
    mode_t mask = umask(0);
    umask(mask);
    if (!all->has_own_entry && fchmod(all->root->directory, 0777 & ~mask) < 0) problem = errno;
    if (problem == 0 && syncfs(all->root->directory) < 0) problem = errno;
    if (problem == 0 && renameat2(parent, temporary, parent, name, RENAME_NOREPLACE) < 0) problem = errno;
    if (problem == 0 && fsync(parent) < 0) problem = errno;
    if (problem == 0) return 0;
    return unpack_refuse(all, "not_written", FAIL_RETRYABLE, "cannot finish `%s`: %s", name,
                         strerror(problem));
}

static int unpack_into(int parent, const char *name, const char *target, unpacking *all, int file,
                       const millrace_job *job) {
    char temporary[40];
    tree_root root;
    new_file_temporary(temporary, job);
    int problem = make_directory(&root, parent, temporary);
    if (problem != 0) {
        return job_fail(all->context, "not_written", FAIL_RETRYABLE,
                        "cannot make a directory beside `%s`: %s", target, strerror(problem));
    }
    all->root = &root;
    if (unpack(all, file) != 0 || keep(all, parent, temporary, name) != 0) {
        problem = tree_empty(&root);
        if (unlinkat(parent, temporary, AT_REMOVEDIR) < 0 && problem == 0) problem = errno;
        if (problem != 0) {
            job_log(all->context, MILLRACE_LOG_ERROR, "cannot remove `%s` beside `%s`: %s", temporary, target,
                    strerror(problem));
        }
        return job_fail(all->context, all->code, all->is_retryable, "%s", all->problem);
    }
    return archiver_answer(json_pack("{sosIsIsIsIsI}", "target", utf8_json(target),
                            "files", (json_int_t)all->files,
                            "directories", (json_int_t)all->directories,
                            "links", (json_int_t)all->links,
                            "bytes", (json_int_t)all->bytes,
                            "archive_bytes", (json_int_t)all->archive_bytes),
                  all->context);
}

/* Opens the archive. Returns a descriptor, or -1 and has failed the job. */
static int open_archive(const char *path, struct stat *status, const millrace_context *context) {
    int file = path[0] == '/' ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
    if (path[0] != '/' || file < 0) {
        tree_root_fail(context, path, path[0] != '/' ? EINVAL : errno);
    } else if (fstat(file, status) < 0 || !S_ISREG(status->st_mode)) {
        job_fail(context, "not_an_archive", FAIL_FOR_GOOD, "`%s` is not a file", path);
        close(file);
        file = -1;
    }
    return file;
}

int extract_run(const millrace_job *job, const millrace_context *context) {
    parameters given;
    struct stat status;
    parameters_open(&given, job);
    const char *path = parameters_text(&given, "archive", "");
    const char *target = parameters_text(&given, "target", "");
    unpack_bounds bounds = {
        .bytes = parameters_size(&given, "max_bytes", INT64_C(10) << 30),
        .files = parameters_integer(&given, "max_files", 100000, 1, 100000000),
        .ratio = parameters_integer(&given, "max_ratio", 250, 1, 1000000),
    };
    if (path[0] == 0) parameters_refuse(&given, "`archive` must name a file");
    if (parameters_refused(&given, context)) return MILLRACE_FAILED;
    if (archiver_use_utf8(context) != MILLRACE_OK) return MILLRACE_FAILED;

    const char *name;
    int file = open_archive(path, &status, context);
    if (file < 0) return MILLRACE_FAILED;
    unpacking all = {.bounds = &bounds, .context = context, .archive_bytes = status.st_size};
    int parent = new_file_directory(target, &name);
    if (parent < 0) return tree_root_fail(context, target, -parent);
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        return job_fail(context, "exists", FAIL_FOR_GOOD,
                        "`%s` exists already; name a directory that does not", target);
    }
    return unpack_into(parent, name, target, &all, file, job);
}
