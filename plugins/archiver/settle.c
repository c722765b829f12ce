#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unpack.h"

static int refuse_memory(unpacking *all, const char *path) {
    return unpack_refuse(all, "no_memory", FAIL_RETRYABLE, "no memory for `%.300s`", path);
}

int unpack_later_add(unpacking *all, const char *path, const char *target, struct archive_entry *entry) {
    if (all->later_count == all->later_room) {
        size_t room = all->later_room == 0 ? 64 : all->later_room * 2;
        unpack_later *larger = realloc(all->later, room * sizeof *larger);
        if (larger == NULL) return refuse_memory(all, path);
        all->later = larger;
        all->later_room = room;
    }
    unpack_later later = {
        .path = strdup(path),
        .target = target != NULL ? strdup(target) : NULL,
        .mode = archive_entry_perm(entry) & 0777,
        .modified = {.tv_sec = archive_entry_mtime(entry), .tv_nsec = archive_entry_mtime_nsec(entry)},
    };
    if (!archive_entry_mtime_is_set(entry)) later.modified.tv_nsec = UTIME_OMIT;
    if (later.path == NULL || (target != NULL && later.target == NULL)) {
        return refuse_memory(all, path);
    }
    all->later[all->later_count++] = later;
    return 0;
}

static int make_link(unpacking *all, const unpack_later *later) {
    const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, later->modified};
    const char *name;
    int directory = tree_open_parent(all->root, later->path, &name), problem = directory < 0 ? -directory : 0;
    if (problem == 0 && symlinkat(later->target, directory, name) < 0) problem = errno;
    if (problem == EEXIST) { /* Of two entries with one path the later counts; a directory stays. */
        problem = unlinkat(directory, name, 0) < 0 ? errno : 0;
        if (problem == 0 && symlinkat(later->target, directory, name) < 0) problem = errno;
    }
    if (problem == 0 && utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW) < 0) problem = errno;
    if (directory >= 0) close(directory);
    if (problem == 0) return 0;
    return unpack_refuse(all, "unsafe_entry", FAIL_FOR_GOOD, "cannot make the link `%.300s`: %s", later->path,
                         strerror(problem));
}

static int finish_directory(unpacking *all, const unpack_later *later) {
    const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, later->modified};
    int directory = tree_open(all->root, later->path, O_RDONLY | O_DIRECTORY, 0);
    int problem = directory < 0 ? -directory : 0;
    if (problem == 0 && fchmod(directory, later->mode) < 0) problem = errno;
    if (problem == 0 && futimens(directory, times) < 0) problem = errno;
    if (directory >= 0) close(directory);
    if (problem == 0) return 0;
    return unpack_refuse(all, "not_written", FAIL_RETRYABLE, "cannot finish the directory `%.300s`: %s",
                         later->path, strerror(problem));
}

static int by_path(const void *left, const void *right) {
    return strcmp(((const unpack_later *)left)->path, ((const unpack_later *)right)->path);
}

int unpack_settle(unpacking *all) {
    int result = 0;
    for (size_t i = 0; i < all->later_count && result == 0; i++) {
        if (all->later[i].target != NULL) result = make_link(all, &all->later[i]);
    }
    /* The innermost first: what is made in a directory changes its times, and a mode may close it. */
    if (all->later_count > 0) qsort(all->later, all->later_count, sizeof *all->later, by_path);
    for (size_t i = all->later_count; i > 0 && result == 0; i--) {
        if (all->later[i - 1].target == NULL) result = finish_directory(all, &all->later[i - 1]);
    }
    return result;
}
