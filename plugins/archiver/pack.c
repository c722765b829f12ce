#include "pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 1 << 18 };

const char *const pack_formats[] = {"tar.zst", "tar.gz", "zip", NULL};

__attribute__((format(printf, 3, 4))) static int refuse(packing *all, const char *path, const char *format,
                                                        ...) {
    va_list values;
    va_start(values, format);
    vsnprintf(all->problem, sizeof all->problem, format, values);
    va_end(values);
    all->unreadable = path;
    return EIO;
}

static struct archive *open_archive(packing *all, int descriptor) {
    struct archive *archive = archive_write_new();
    if (archive == NULL) return NULL;
    int result = all->format == FORMAT_ZIP ? archive_write_set_format_zip(archive)
                                           : archive_write_set_format_pax_restricted(archive);
    if (all->format == FORMAT_TAR_ZST) result |= archive_write_add_filter_zstd(archive);
    if (all->format == FORMAT_TAR_GZ) result |= archive_write_add_filter_gzip(archive);
    archive_write_set_bytes_in_last_block(archive, 1);
    if (result == ARCHIVE_OK) result = archive_write_open_fd(archive, descriptor);
    if (result == ARCHIVE_OK) return archive;
    refuse(all, NULL, "cannot begin the archive: %s", archive_error_string(archive));
    archive_write_free(archive);
    return NULL;
}

static struct archive_entry *make_entry(const tree_entry *listed, const struct stat *status) {
    struct archive_entry *entry = archive_entry_new();
    if (entry == NULL) return NULL;
    archive_entry_copy_pathname(entry, listed->path);
    archive_entry_copy_stat(entry, status);
    archive_entry_set_nlink(entry, 1); /* Each name of a file with several is a file of its own. */
    return entry;
}

static int write_header(packing *all, struct archive *archive, struct archive_entry *entry) {
    int result = archive_write_header(archive, entry);
    if (result == ARCHIVE_OK || result == ARCHIVE_WARN) return 0;
    return refuse(all, NULL, "cannot write `%s` into the archive: %s", archive_entry_pathname(entry),
                  archive_error_string(archive));
}

/* Writes what is in an open file; what is beyond `size` is left out. */
static int write_bytes(packing *all, struct archive *archive, const char *path, int descriptor,
                       int64_t size) {
    static char block[BLOCK];
    while (size > 0) {
        if (all->context->cancelled(all->context)) return ECANCELED;
        ssize_t count = read(descriptor, block, size < BLOCK ? (size_t)size : BLOCK);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return refuse(all, path, "cannot read `%.300s`: %s", path, strerror(errno));
        if (count == 0) break;
        if (archive_write_data(archive, block, (size_t)count) != count) {
            return refuse(all, NULL, "cannot write the archive: %s", archive_error_string(archive));
        }
        size -= count;
        all->bytes += count;
    }
    if (size == 0) return 0;
    /* libarchive fills it up with zeros, as tar(1) does. */
    all->changed += 1;
    job_log(all->context, MILLRACE_LOG_WARNING, "`%s` became shorter as it was read", path);
    return 0;
}

static int is_same(const struct stat *left, const struct stat *right) {
    return left->st_dev == right->st_dev && left->st_ino == right->st_ino;
}

static int pack_file(packing *all, struct archive *archive, const tree_entry *listed) {
    int descriptor = tree_open(all->root, listed->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (descriptor < 0) {
        return refuse(all, listed->path, "cannot read `%.300s`: %s", listed->path, strerror(-descriptor));
    }
    struct stat status;
    int problem = 0;
    if (fstat(descriptor, &status) < 0 || !S_ISREG(status.st_mode)) {
        problem = refuse(all, listed->path, "cannot read `%.300s`: it is no file any more", listed->path);
    } else if (!is_same(&status, &all->own) && !is_same(&status, &all->replaced)) {
        struct archive_entry *entry = make_entry(listed, &status);
        problem = entry == NULL ? ENOMEM : write_header(all, archive, entry);
        archive_entry_free(entry);
        if (problem == 0) problem = write_bytes(all, archive, listed->path, descriptor, status.st_size);
        all->files += problem == 0;
    }
    close(descriptor);
    return problem;
}

/* Writes a directory or a link. */
static int pack_name(packing *all, struct archive *archive, const tree_entry *listed) {
    char target[PATH_MAX] = "";
    struct stat status;
    const char *name;
    const int is_link = S_ISLNK(listed->mode);
    int directory = tree_open_parent(all->root, listed->path, &name);
    int problem = directory < 0 ? -directory : 0;
    if (problem == 0 && fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0) problem = errno;
    if (problem == 0 && (status.st_mode & S_IFMT) != (listed->mode & S_IFMT)) problem = ESTALE;
    if (problem == 0 && is_link && readlinkat(directory, name, target, PATH_MAX - 1) < 0) problem = errno;
    if (directory >= 0) close(directory);
    if (problem != 0) {
        return refuse(all, listed->path, "cannot read `%.300s`: %s", listed->path, strerror(problem));
    }
    struct archive_entry *entry = make_entry(listed, &status);
    if (entry == NULL) return ENOMEM;
    if (is_link) archive_entry_copy_symlink(entry, target);
    problem = write_header(all, archive, entry);
    archive_entry_free(entry);
    all->links += is_link;
    all->directories += !is_link;
    return problem;
}

static int pack_entry(packing *all, struct archive *archive, const tree_entry *listed) {
    if (S_ISREG(listed->mode)) return pack_file(all, archive, listed);
    if (S_ISDIR(listed->mode) || S_ISLNK(listed->mode)) return pack_name(all, archive, listed);
    job_log(all->context, MILLRACE_LOG_NOTICE, "passed over `%s`: it is no file, directory or link",
            listed->path);
    all->passed_over += 1;
    return 0;
}

int pack(packing *all, int descriptor) {
    struct archive *archive = open_archive(all, descriptor);
    if (archive == NULL) return EIO;
    int problem = 0;
    for (size_t i = 0; i < all->list->count && problem == 0; i++) {
        const tree_entry *listed = &all->list->entries[i];
        job_progress(all->context, (double)i / (double)all->list->count, "%s", listed->path);
        problem = all->context->cancelled(all->context) ? ECANCELED : pack_entry(all, archive, listed);
    }
    if (problem == 0 && archive_write_close(archive) != ARCHIVE_OK) {
        problem = refuse(all, NULL, "cannot write the archive: %s", archive_error_string(archive));
    }
    if (problem != 0) archive_write_fail(archive); /* Else it would fill up the file that it was in. */
    archive_write_free(archive);
    return problem;
}
