#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void tree_unreadable(tree *all, const char *path, int problem, const millrace_context *context) {
    const millrace_field fields[] = {{"path", path}, {"error", strerror(problem)}};
    context->log(context, MILLRACE_LOG_ERROR, "cannot read a file", fields, 2);
    all->unreadable += 1;
}

static int add(tree *all, const char *path, int64_t size) {
    if ((all->count & (all->count - 1)) == 0) { /* Room for the next power of two. */
        size_t room = all->count == 0 ? 1 : all->count * 2;
        tree_file *larger = realloc(all->files, room * sizeof *larger);
        if (larger == NULL) return ENOMEM;
        all->files = larger;
    }
    char *copy = strdup(path);
    if (copy == NULL) return ENOMEM;
    all->files[all->count++] = (tree_file){.path = copy, .size = size};
    all->bytes += size;
    return 0;
}

static int by_path(const void *left, const void *right) {
    return strcmp(((const tree_file *)left)->path, ((const tree_file *)right)->path);
}

/* Takes in one entry of the walk; returns 0 or ENOMEM. */
static int take(tree *all, const FTSENT *entry, size_t root_length, const millrace_context *context) {
    const char *relative = entry->fts_path + root_length;
    while (*relative == '/') relative++;
    switch (entry->fts_info) {
    case FTS_F:
        return add(all, relative, entry->fts_statp->st_size);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        tree_unreadable(all, relative, entry->fts_errno, context);
        return 0;
    case FTS_DC: /* Only where links are followed: one that leads back, and one that leads nowhere. */
    case FTS_SLNONE:
        tree_unreadable(all, relative, entry->fts_info == FTS_DC ? ELOOP : ENOENT, context);
        return 0;
    default: /* Directories, and what has no bytes to sum: links, pipes, devices, sockets. */
        return 0;
    }
}

static int walk(tree *all, const char *path, int follow, const millrace_context *context) {
    char *roots[] = {(char *)path, NULL};
    FTS *walk = fts_open(roots, FTS_COMFOLLOW | FTS_NOCHDIR | (follow ? FTS_LOGICAL : FTS_PHYSICAL), NULL);
    if (walk == NULL) return errno;
    int problem = 0;
    FTSENT *entry;
    while (problem == 0 && (errno = 0, entry = fts_read(walk)) != NULL) {
        problem = context->cancelled(context) ? TREE_CANCELLED : take(all, entry, strlen(path), context);
    }
    if (problem == 0) problem = errno;
    fts_close(walk);
    if (problem == 0 && all->count > 0) qsort(all->files, all->count, sizeof *all->files, by_path);
    return problem;
}

/* Makes a tree of the one file: the directory it is in, and its name. */
static int single(tree *all, const char *path, int64_t size) {
    const char *slash = strrchr(path, '/');
    int problem = add(all, slash != NULL ? slash + 1 : path, size);
    if (problem != 0) return problem;
    char *directory = slash == NULL   ? strdup(".")
                      : slash == path ? strdup("/")
                                      : strndup(path, (size_t)(slash - path));
    if (directory == NULL) return ENOMEM;
    all->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    problem = all->directory < 0 ? errno : 0;
    free(directory);
    return problem;
}

int tree_open(tree *all, const char *path, int follow, const millrace_context *context) {
    struct stat status;
    *all = (tree){.directory = -1};
    if (stat(path, &status) < 0) return errno;
    if (S_ISREG(status.st_mode)) return single(all, path, status.st_size);
    if (!S_ISDIR(status.st_mode)) return EINVAL;
    all->directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (all->directory < 0) return errno;
    return walk(all, path, follow, context);
}
