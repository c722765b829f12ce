#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "safety.h"

enum { BLOCK = 1 << 18, FREE_BYTES = 1 << 20 };

int unpack_refuse(unpacking *all, const char *code, int is_retryable, const char *format, ...) {
    va_list values;
    va_start(values, format);
    vsnprintf(all->problem, sizeof all->problem, format, values);
    va_end(values);
    all->code = code;
    all->is_retryable = is_retryable;
    return -1;
}

static int refuse_write(unpacking *all, const char *path, int problem) {
    if (problem == ELOOP || problem == ENOTDIR || problem == EEXIST || problem == EISDIR) {
        return unpack_refuse(all, "unsafe_entry", FAIL_FOR_GOOD,
                             "`%.300s` is in the archive twice, as what can't have one place: %s", path,
                             strerror(problem));
    }
    return unpack_refuse(all, "not_written", FAIL_RETRYABLE, "cannot write `%.300s`: %s", path,
                         strerror(problem));
}

static int refuse_reading(unpacking *all, const char *code) {
    const char *words = archive_error_string(all->archive);
    return unpack_refuse(all, code, FAIL_FOR_GOOD, "cannot read the archive: %s",
                         words != NULL ? words : "it is damaged");
}

/* Whether so many bytes may have come out: 0 or -1. */
static int check_size(unpacking *all, int64_t bytes) {
    if (bytes > all->bounds->bytes) {
        return unpack_refuse(all, "too_large", FAIL_FOR_GOOD,
                             "more than %lld bytes come out of the archive; `max_bytes` allows no more",
                             (long long)all->bounds->bytes);
    }
    if (bytes > FREE_BYTES && bytes / all->bounds->ratio > all->archive_bytes) {
        return unpack_refuse(all, "too_large", FAIL_FOR_GOOD,
                             "more than %lld times as much comes out of the archive as its %lld bytes, as of "
                             "a bomb; `max_ratio` allows no more",
                             (long long)all->bounds->ratio, (long long)all->archive_bytes);
    }
    return 0;
}

/* Makes the directories on the way to `path` that are missing. Returns 0 or an errno. */
static int make_parents(const tree_root *root, const char *path) {
    char parent[PATH_MAX];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        const char *name;
        snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
        int directory = tree_open_parent(root, parent, &name);
        if (directory < 0) return -directory;
        int problem = mkdirat(directory, name, 0755) < 0 && errno != EEXIST ? errno : 0;
        close(directory);
        if (problem != 0) return problem;
    }
    return 0;
}

static int write_all(int file, const char *bytes, size_t length, int64_t offset) {
    while (length > 0) {
        ssize_t count = pwrite(file, bytes, length, offset);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        bytes += count;
        offset += count;
        length -= (size_t)count;
    }
    return 0;
}

static int write_file(unpacking *all, const char *path, int file, int64_t claimed) {
    const void *block;
    size_t length;
    la_int64_t offset;
    int64_t end = claimed > 0 ? claimed : 0;
    if (check_size(all, all->bytes + end) != 0) return -1;
    for (;;) {
        if (all->context->cancelled(all->context)) {
            return unpack_refuse(all, "cancelled", FAIL_RETRYABLE, "cancelled amidst `%.300s`", path);
        }
        int result = archive_read_data_block(all->archive, &block, &length, &offset);
        if (result == ARCHIVE_EOF) break;
        if (result < ARCHIVE_WARN) return refuse_reading(all, "damaged");
        if (offset < 0 || offset > all->bounds->bytes) return check_size(all, INT64_MAX);
        if (offset + (int64_t)length > end) end = offset + (int64_t)length;
        if (check_size(all, all->bytes + end) != 0) return -1;
        int problem = write_all(file, block, length, offset);
        if (problem != 0) return refuse_write(all, path, problem);
    }
    all->bytes += end;
    return ftruncate(file, end) < 0 ? refuse_write(all, path, errno) : 0; /* It may end in a hole. */
}

static int unpack_file(unpacking *all, const char *path, struct archive_entry *entry) {
    const int flags = O_WRONLY | O_CREAT | O_EXCL;
    int file = tree_open(all->root, path, flags, 0600);
    if (file == -EEXIST) { /* Of two files with one path the later counts. */
        const char *name;
        int directory = tree_open_parent(all->root, path, &name);
        int problem = directory < 0 ? -directory : unlinkat(directory, name, 0) < 0 ? errno : 0;
        if (directory >= 0) close(directory);
        file = problem != 0 ? -problem : tree_open(all->root, path, flags, 0600);
    }
    if (file < 0) return refuse_write(all, path, -file);
    int64_t claimed = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;
    int result = write_file(all, path, file, claimed);
    struct timespec times[] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = archive_entry_mtime(entry), .tv_nsec = archive_entry_mtime_nsec(entry)},
    };
    if (!archive_entry_mtime_is_set(entry)) times[1].tv_nsec = UTIME_OMIT;
    if (result == 0 && (fchmod(file, archive_entry_perm(entry) & 0777) < 0 || futimens(file, times) < 0)) {
        result = refuse_write(all, path, errno);
    }
    close(file);
    all->files += result == 0;
    return result;
}

/* Gives a file that is unpacked already one more name. */
static int unpack_hard_link(unpacking *all, const char *path, const char *target) {
    char clean[PATH_MAX];
    const char *from, *to, *why = safety_path(target, clean, sizeof clean);
    if (why != NULL || clean[0] == 0) {
        return unpack_refuse(all, "unsafe_entry", FAIL_FOR_GOOD,
                             "`%.300s` is refused: the file it links to: %s", path,
                             why != NULL ? why : "it is the directory");
    }
    int source = tree_open_parent(all->root, clean, &from), place = tree_open_parent(all->root, path, &to);
    int problem = source < 0 ? -source : place < 0 ? -place : 0;
    if (problem == 0 && strcmp(clean, path) != 0) {
        unlinkat(place, to, 0); /* Of two files with one path the later counts. */
        if (linkat(source, from, place, to, 0) < 0) problem = errno;
    }
    if (source >= 0) close(source);
    if (place >= 0) close(place);
    all->files += problem == 0;
    if (problem == ENOENT) {
        return unpack_refuse(all, "damaged", FAIL_FOR_GOOD,
                             "`%.200s` is a link to `%.200s`, which does not come before it", path, clean);
    }
    return problem != 0 ? refuse_write(all, path, problem) : 0;
}

static int unpack_directory(unpacking *all, const char *path, struct archive_entry *entry) {
    if (path[0] != 0) {
        const char *name;
        int directory = tree_open_parent(all->root, path, &name);
        int problem = directory < 0 ? -directory : 0;
        if (problem == 0 && mkdirat(directory, name, 0700) < 0) problem = errno;
        struct stat status;
        if (problem == EEXIST && fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISDIR(status.st_mode)) {
            problem = 0;
        }
        if (directory >= 0) close(directory);
        if (problem != 0) return refuse_write(all, path, problem);
        all->directories += 1;
    }
    all->has_own_entry |= path[0] == 0;
    return unpack_later_add(all, path, NULL, entry);
}

static int unpack_entry(unpacking *all, struct archive_entry *entry) {
    char path[PATH_MAX];
    const char *given = archive_entry_pathname(entry), *target = archive_entry_symlink(entry);
    const mode_t type = archive_entry_filetype(entry);
    const char *why = safety_path(given, path, sizeof path);
    if (why == NULL && type == AE_IFLNK) why = safety_link(path, target);
    if (why == NULL && path[0] == 0 && type != AE_IFDIR) why = "it takes the place of the directory itself";
    const int is_hard_link = archive_entry_hardlink(entry) != NULL;
    if (why == NULL && !is_hard_link && type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK) {
        why = "it is a device, a pipe or a socket";
    }
    if (why != NULL) {
        return unpack_refuse(all, "unsafe_entry", FAIL_FOR_GOOD, "`%.300s` is refused: %s",
                             given != NULL ? given : "", why);
    }
    if (archive_entry_is_encrypted(entry)) {
        return unpack_refuse(all, "encrypted", FAIL_FOR_GOOD, "`%.300s` is encrypted", path);
    }
    int problem = make_parents(all->root, path);
    if (problem != 0) return refuse_write(all, path, problem);
    if (is_hard_link) return unpack_hard_link(all, path, archive_entry_hardlink(entry));
    if (type == AE_IFREG) return unpack_file(all, path, entry);
    if (type == AE_IFDIR) return unpack_directory(all, path, entry);
    all->links += 1;
    return unpack_later_add(all, path, target, entry);
}

static int unpack_all(unpacking *all) {
    struct archive_entry *entry;
    for (int64_t count = 1;; count++) {
        int result = archive_read_next_header(all->archive, &entry);
        if (result == ARCHIVE_EOF) return unpack_settle(all);
        if (result < ARCHIVE_WARN) return refuse_reading(all, count == 1 ? "not_an_archive" : "damaged");
        if (count > all->bounds->files) {
            return unpack_refuse(all, "too_large", FAIL_FOR_GOOD,
                                 "more than %lld files are in the archive; `max_files` allows no more",
                                 (long long)all->bounds->files);
        }
        if (unpack_entry(all, entry) != 0) return -1;
        double read = (double)archive_filter_bytes(all->archive, -1), whole = (double)all->archive_bytes;
        const char *path = archive_entry_pathname(entry);
        all->context->progress(all->context, read < whole ? read / whole : 1, path);
    }
}

int unpack(unpacking *all, int descriptor) {
    struct archive *archive = all->archive = archive_read_new();
    if (archive == NULL) return unpack_refuse(all, "no_memory", FAIL_RETRYABLE, "no memory for the archive");
    /* Only what libarchive reads by itself: for others it would start a program. */
    archive_read_support_format_tar(archive);
    archive_read_support_format_zip(archive);
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_xz(archive);
    int result = archive_read_open_fd(archive, descriptor, BLOCK) == ARCHIVE_OK
                     ? unpack_all(all)
                     : refuse_reading(all, "not_an_archive");
    archive_read_free(archive);
    return result;
}
