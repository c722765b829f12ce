/* unpack.h: writes what is in an archive below a directory, and nowhere else. */
#ifndef ARCHIVER_UNPACK_H
#define ARCHIVER_UNPACK_H

#include <archive.h>
#include <archive_entry.h>

#include "parameters.h"
#include "tree_root.h"

/* How much may come out of an archive. */
typedef struct unpack_bounds {
    int64_t bytes, files;
    /* How many bytes may come out of one byte of the archive; the first MiB is free. */
    int64_t ratio;
} unpack_bounds;

/* A link, which gets its place once nothing is written any more, or a directory, which then gets its
 * times. */
typedef struct unpack_later {
    char *path;
    /* NULL for a directory. */
    char *target;
    mode_t mode;
    struct timespec modified;
} unpack_later;

typedef struct unpacking {
    const tree_root *root;
    const unpack_bounds *bounds;
    const millrace_context *context;
    struct archive *archive;
    int64_t archive_bytes;
    int64_t files, directories, links, bytes;
    /* Whether the outermost directory is in the archive, with a mode of its own. */
    int has_own_entry;
    unpack_later *later;
    size_t later_count, later_room;
    /* Why it ended: a code of the README, whether another attempt may help, and the words. */
    const char *code;
    int is_retryable;
    char problem[600];
} unpacking;

/* Unpacks the open file `descriptor`. Returns 0, or -1 with `code` and `problem`; some of it may be below the
 * root then. */
int unpack(unpacking *all, int descriptor);

/* Notes why it ended; returns -1. */
int unpack_refuse(unpacking *all, const char *code, int is_retryable, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Remembers a link or a directory for `unpack_settle`; of a path that comes again the last one counts. */
int unpack_later_add(unpacking *all, const char *path, const char *target, struct archive_entry *entry);

/* Makes the links, then gives the directories their modes and times. Returns as `unpack`. */
int unpack_settle(unpacking *all);

#endif
