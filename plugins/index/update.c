#include "update.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parameters.h"
#include "utf8.h"

/* After so much it is committed: what an interruption costs. */
enum { COMMIT_FILES = 500, COMMIT_BYTES = 16 << 20 };

/* Reads a whole file of at most `most` bytes into `buffer`. Returns its length; -1 if it is no text or
 * longer; or less: -1 - errno. */
static int64_t read_text(int file, char *buffer, int64_t most) {
    int64_t length = 0;
    while (length <= most) { /* One byte more than it may have tells that it is longer. */
        ssize_t count = read(file, buffer + length, (size_t)(most + 1 - length));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -errno - 1;
        if (count == 0) break;
        if (memchr(buffer + length, 0, (size_t)count) != NULL) return -1;
        length += count;
    }
    return length <= most && utf8_length(buffer, (size_t)length) == (size_t)length ? length : -1;
}

static int commit(update *all) {
    int result = all->pending_files > 0 ? store_commit(all->store) : SQLITE_OK;
    all->pending_files = all->pending_bytes = 0;
    return result;
}

/* Begins a transaction if there is none, or commits one that is large enough. */
static int pace(update *all) {
    if (all->pending_files >= COMMIT_FILES || all->pending_bytes >= COMMIT_BYTES) {
        int result = commit(all);
        if (result != SQLITE_OK) return result;
    }
    return all->pending_files++ == 0 ? store_begin(all->store) : SQLITE_OK;
}

/* Reads a file and puts it into the index. */
static int put(update *all, const tree_entry *entry) {
    static char *buffer;
    if (buffer == NULL) buffer = malloc((size_t)all->max_file + 1);
    if (buffer == NULL) return SQLITE_NOMEM;
    struct stat status;
    int64_t length = -1;
    int file = tree_open(all->root, entry->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    int problem = file < 0 ? -file : fstat(file, &status) < 0 ? errno : S_ISREG(status.st_mode) ? 0 : ESTALE;
    if (problem == 0 && status.st_size <= all->max_file) length = read_text(file, buffer, all->max_file);
    if (file >= 0) close(file);
    if (length < -1) problem = (int)(-length - 1);
    if (problem != 0) {
        const millrace_field fields[] = {{"path", entry->path}, {"error", strerror(problem)}};
        if (problem == ENOENT) return SQLITE_OK; /* It is gone; the next run forgets it. */
        all->context->log(all->context, MILLRACE_LOG_ERROR, "cannot read a file", fields, 2);
        all->unreadable += 1;
        return SQLITE_OK;
    }
    int result = pace(all);
    if (result != SQLITE_OK) return result;
    store_file known = {
        .path = entry->path,
        .size = status.st_size,
        .modified = tree_modified(&status), /* As before it was read: what changes then is read again. */
        .inode = (int64_t)status.st_ino,
    };
    all->pending_bytes += length > 0 ? length : 0;
    all->added += length >= 0;
    all->passed_over += length < 0;
    return store_put(all->store, &known, length >= 0 ? buffer : NULL, length >= 0 ? (size_t)length : 0);
}

static int forget(update *all, const store_file *known) {
    int result = pace(all);
    if (result != SQLITE_OK) return result;
    all->removed += 1;
    return store_drop(all->store, known->number);
}

/* Whether an entry belongs into the index. */
static int is_wanted(update *all, const tree_entry *entry) {
    if (!S_ISREG(entry->mode)) return 0;
    if (patterns_are_given(all->include) && !patterns_match(all->include, entry->path)) return 0;
    size_t length = strlen(entry->path);
    if (utf8_length(entry->path, length) == length) return 1;
    job_log(all->context, MILLRACE_LOG_WARNING, "passed over `%s`: its name is no UTF-8", entry->path);
    all->unnamed += 1;
    return 0;
}

static int is_same(const tree_entry *entry, const store_file *known) {
    return known->size == entry->size && known->modified == entry->modified &&
           known->inode == (int64_t)entry->inode;
}

/* Goes through the tree and the index, which are sorted alike. */
static int join(update *all, const store_file *files, size_t count) {
    /* Of what could not be read nobody knows whether it is gone. */
    const int forgets = all->list->unreadable == 0;
    size_t next = 0;
    int result = SQLITE_OK;
    for (size_t i = 0; i < all->list->count && result == SQLITE_OK; i++) {
        const tree_entry *entry = &all->list->entries[i];
        if (all->context->cancelled(all->context)) return SQLITE_INTERRUPT;
        if (!is_wanted(all, entry)) continue;
        while (next < count && strcmp(files[next].path, entry->path) < 0 && result == SQLITE_OK) {
            if (forgets) result = forget(all, &files[next]);
            next += 1;
        }
        if (result != SQLITE_OK) break;
        int is_known = next < count && strcmp(files[next].path, entry->path) == 0;
        if (is_known && is_same(entry, &files[next++])) {
            all->unchanged += 1;
            continue;
        }
        job_progress(all->context, (double)i / (double)all->list->count, "%s", entry->path);
        result = put(all, entry);
    }
    for (; next < count && result == SQLITE_OK && forgets; next++) result = forget(all, &files[next]);
    return result;
}

int update_run(update *all) {
    store_file *files = NULL;
    size_t count = 0;
    int result = store_files(all->store, &files, &count);
    if (result == SQLITE_OK) result = join(all, files, count);
    /* What was done before the job was stopped is as good as after it. */
    if (result == SQLITE_OK || result == SQLITE_INTERRUPT) {
        int committed = commit(all);
        if (committed != SQLITE_OK) result = committed;
    } else if (all->pending_files > 0) {
        store_roll_back(all->store);
    }
    for (size_t i = 0; i < count; i++) free(files[i].path);
    free(files);
    return result;
}
