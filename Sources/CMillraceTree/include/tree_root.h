/* tree_root.h: a directory that a handler works in, and paths beneath it that can't lead out of it.
 *
 * The kernel resolves each path by openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS: whoever may write
 * below the root can swap a directory for a link at any moment, and gets an error for it, never a way out.
 */
#ifndef MILLRACE_TREE_ROOT_H
#define MILLRACE_TREE_ROOT_H

#include <stdint.h>
#include <sys/types.h>

#include "millrace.h"

typedef struct tree_root {
    int directory;
    uint64_t device;
    /* Whether file systems that are mounted below it belong to it. */
    int crosses;
} tree_root;

/* How the path of a root itself is taken. */
enum {
    /* Neither it nor a directory on the way may be a link: for what is written to. */
    TREE_ROOT_WITHOUT_LINKS = 1,
    /* File systems that are mounted below belong to it. */
    TREE_ROOT_CROSSES = 2
};

/* Opens the directory at `path`, which must be absolute. Returns 0 or an errno: EINVAL for a path that is
 * not absolute, ELOOP for one with a link in it. */
int tree_root_open(tree_root *root, const char *path, int flags);

/* Opens `name`, which must be a directory and no link, in an open directory. Returns 0 or an errno. */
int tree_root_at(tree_root *root, int directory, const char *name);

/* Whether it is `/`, another directory that the system can't do without, or in a file system of the
 * kernel's own: 1 or 0. */
int tree_root_is_vital(const tree_root *root);

/* Fails the job for what `tree_root_open` returned; returns MILLRACE_FAILED. */
int tree_root_fail(const millrace_context *context, const char *path, int problem);

/* Opens `path`, relative to the root; "" is the root itself. O_NOFOLLOW and O_CLOEXEC are added. Returns
 * a descriptor, or -errno: -ELOOP if a link is on the way, -EXDEV if another file system is. */
int tree_open(const tree_root *root, const char *path, int flags, mode_t mode);

/* Opens the directory that `path` is in and sets `name` to the last part of the path. Returns as
 * `tree_open`. */
int tree_open_parent(const tree_root *root, const char *path, const char **name);

#endif
