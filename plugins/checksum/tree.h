/* tree.h: the regular files of a directory tree. */
#ifndef CHECKSUM_TREE_H
#define CHECKSUM_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "millrace.h"

typedef struct tree_file {
    /* Relative to the tree's directory. */
    char *path;
    int64_t size;
} tree_file;

typedef struct tree {
    /* The directory that the paths start from. */
    int directory;
    /* Sorted by path, byte by byte. */
    tree_file *files;
    size_t count;
    int64_t bytes;
    /* How many directories and entries could not be read; the log names them. */
    size_t unreadable;
} tree;

/* What tree_open returns beside an errno. */
enum { TREE_CANCELLED = -1 };

/* Lists the files below `path`, or `path` itself if it is a file. Anything but files and directories is
 * passed over; symbolic links too, unless `follow` is set (`path` itself is always followed).
 * Returns 0, TREE_CANCELLED, or the errno that `path` met. */
int tree_open(tree *all, const char *path, int follow, const millrace_context *context);

/* Logs an error about one file, and counts it. */
void tree_unreadable(tree *all, const char *path, int problem, const millrace_context *context);

#endif
