#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "new_file.h"
#include "parameters.h"

/* How much is copied between two looks at whether the job is to stop. */
enum { SHARE = 16 << 20, BLOCK = 1 << 18 };

static int write_all(int file, const char *bytes, ssize_t length) {
    while (length > 0) {
        ssize_t count = write(file, bytes, (size_t)length);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        bytes += count;
        length -= count;
    }
    return 0;
}

static int copy_bytes(apply *all, int from, int to) {
    static char block[BLOCK];
    ssize_t count;
    do { /* The kernel copies, or shares the blocks, where the file systems can. */
        if (all->context->cancelled(all->context)) return ECANCELED;
        count = copy_file_range(from, NULL, to, NULL, SHARE, 0);
        if (count > 0) all->bytes += count;
        if (count < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO)) return errno;
    } while (count > 0 || (count < 0 && errno == EINTR));
    for (;;) { /* What it can't, or nothing. */
        if (all->context->cancelled(all->context)) return ECANCELED;
        count = read(from, block, BLOCK);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return count < 0 ? errno : 0;
        int problem = write_all(to, block, count);
        if (problem != 0) return problem;
        all->bytes += count;
    }
}

static int write_copy(apply *all, const tree_entry *from, int source, int directory, const char *name) {
    new_file file;
    struct stat before, after;
    int problem = fstat(source, &before) < 0 ? errno : !S_ISREG(before.st_mode) ? ESTALE : 0;
    if (problem == 0) problem = new_file_open(&file, directory, all->job);
    if (problem != 0) return problem;
    problem = copy_bytes(all, source, file.descriptor);
    const struct timespec times[] = {before.st_atim, before.st_mtim};
    if (problem == 0 && fchmod(file.descriptor, before.st_mode & PLAN_MODES) < 0) problem = errno;
    if (problem == 0 && futimens(file.descriptor, times) < 0) problem = errno;
    if (problem == 0 && fstat(source, &after) < 0) problem = errno;
    if (problem != 0) {
        new_file_drop(&file);
        return problem;
    }
    if (tree_modified(&before) != tree_modified(&after) || before.st_size != after.st_size) {
        job_log(all->context, MILLRACE_LOG_WARNING,
                "`%s` changed as it was copied; the next run copies it again", from->path);
    }
    return new_file_keep(&file, name, 1);
}

int copy_file(apply *all, const tree_entry *from) {
    const char *name;
    int source = tree_open(&all->plan->source, from->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (source < 0) return -source;
    int directory = tree_open_parent(&all->plan->target, from->path, &name);
    int problem = directory < 0 ? -directory : write_copy(all, from, source, directory, name);
    close(source);
    if (directory >= 0) close(directory);
    return problem;
}

int copy_link(apply *all, const tree_entry *from) {
    char target[PATH_MAX] = "", temporary[40];
    const char *name;
    new_file_temporary(temporary, all->job);
    int source = tree_open_parent(&all->plan->source, from->path, &name);
    if (source < 0) return -source;
    int problem = readlinkat(source, name, target, sizeof target - 1) < 0 ? errno : 0;
    close(source);
    int directory = tree_open_parent(&all->plan->target, from->path, &name);
    if (problem == 0 && directory < 0) problem = -directory;
    if (problem == 0) {
        const struct timespec times[] = {
            {.tv_nsec = UTIME_OMIT},
            {.tv_sec = from->modified / 1000000000, .tv_nsec = from->modified % 1000000000},
        };
        unlinkat(directory, temporary, 0);
        if (symlinkat(target, directory, temporary) < 0 ||
            utimensat(directory, temporary, times, AT_SYMLINK_NOFOLLOW) < 0 ||
            renameat(directory, temporary, directory, name) < 0) {
            problem = errno;
            unlinkat(directory, temporary, 0);
        }
    }
    if (directory >= 0) close(directory);
    return problem;
}

int copy_attributes(const apply *all, const tree_entry *from) {
    struct stat status;
    int file = tree_open(&all->plan->target, from->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (file < 0) return -file;
    const struct timespec times[] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = from->modified / 1000000000, .tv_nsec = from->modified % 1000000000},
    };
    int problem = fstat(file, &status) < 0 ? errno : 0;
    if (problem == 0 && (status.st_mode & S_IFMT) != (from->mode & S_IFMT)) problem = ESTALE;
    if (problem == 0 && ((status.st_mode ^ from->mode) & PLAN_MODES) != 0) {
        problem = fchmod(file, from->mode & PLAN_MODES) < 0 ? errno : 0;
    }
    const int is_late = tree_modified(&status) != from->modified;
    if (problem == 0 && is_late && futimens(file, times) < 0) problem = errno;
    close(file);
    return problem;
}
