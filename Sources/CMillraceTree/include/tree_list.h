/* tree_list.h: everything beneath a root, in memory and sorted. */
#ifndef MILLRACE_TREE_LIST_H
#define MILLRACE_TREE_LIST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "millrace.h"
#include "patterns.h"
#include "tree_root.h"

typedef struct tree_entry {
    /* From the root. */
    char *path;
    mode_t mode;
    int64_t size;
    /* Nanoseconds since 1970. */
    int64_t modified;
    uint64_t device, inode;
    /* Of a directory: something in it was left out of the list; it is another file system, and all was. */
    int is_partial, is_foreign;
} tree_entry;

typedef struct tree_list {
    /* Sorted by path, byte by byte: a directory comes before what is in it. */
    tree_entry *entries;
    size_t count;
    /* How many entries and directories could not be read; the log names them. */
    size_t unreadable;
} tree_list;

/* Lists what is beneath the root: directories, files, links (as links), pipes, sockets and devices. What
 * `except` matches is left out, a directory with all that is in it; and so is what is in other file systems,
 * unless the root crosses into them. `context` may be NULL: then nothing is logged, and nothing stops it.
 * Returns 0, ECANCELED or ENOMEM. */
int tree_list_read(tree_list *list, const tree_root *root, const patterns *except,
                   const millrace_context *context);

/* Returns the entry at `path`; NULL if there is none. */
tree_entry *tree_list_find(const tree_list *list, const char *path);

/* Returns the entry of the directory that `path` is in; NULL if that is the root, or not in the list. */
tree_entry *tree_list_parent(const tree_list *list, const char *path);

/* Gives back the memory. */
void tree_list_drop(tree_list *list);

/* Returns the nanoseconds since 1970 at which the bytes were last changed. */
int64_t tree_modified(const struct stat *status);

/* Whether the open or looked-up file is the one that was listed, and has not been changed since: 1 or 0. */
int tree_entry_is(const tree_entry *entry, const struct stat *status);

/* Removes all that is beneath the root, whatever it is. Returns 0 or the first errno. */
int tree_empty(const tree_root *root);

#endif
