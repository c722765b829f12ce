#include "tree_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A walk: the list that it makes, and the directories that it has yet to enter. */
typedef struct walk {
    tree_list *list;
    const tree_root *root;
    const patterns *except;
    const millrace_context *context;
    /* Indices of entries. */
    size_t *pending;
    size_t pending_count, pending_room;
} walk;

/* The index of the root itself, which is no entry. */
static const size_t root_index = SIZE_MAX;

int64_t tree_modified(const struct stat *status) {
    return (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
}

int tree_entry_is(const tree_entry *entry, const struct stat *status) {
    return entry->device == status->st_dev && entry->inode == status->st_ino &&
           entry->mode == status->st_mode && entry->size == status->st_size &&
           entry->modified == tree_modified(status);
}

static void tell(const walk *walk, int level, const char *message, const char *path, int problem) {
    const millrace_field fields[] = {{"path", path}, {"error", strerror(problem)}};
    if (walk->context != NULL) walk->context->log(walk->context, level, message, fields, 2);
}

static void unreadable(walk *walk, const char *path, int problem) {
    if (problem == ENOENT) return; /* Somebody removed it meanwhile. */
    tell(walk, MILLRACE_LOG_ERROR, "cannot read a file", path, problem);
    walk->list->unreadable += 1;
}

/* Remembers a directory to enter. Returns 0 or ENOMEM. */
static int push(walk *walk, size_t index) {
    if (walk->pending_count == walk->pending_room) {
        size_t room = walk->pending_room == 0 ? 64 : walk->pending_room * 2;
        size_t *larger = realloc(walk->pending, room * sizeof *larger);
        if (larger == NULL) return ENOMEM;
        walk->pending = larger;
        walk->pending_room = room;
    }
    walk->pending[walk->pending_count++] = index;
    return 0;
}

static int add(tree_list *list, const char *path, const struct stat *status) {
    if ((list->count & (list->count - 1)) == 0) { /* Room for the next power of two. */
        size_t room = list->count == 0 ? 1 : list->count * 2;
        tree_entry *larger = realloc(list->entries, room * sizeof *larger);
        if (larger == NULL) return ENOMEM;
        list->entries = larger;
    }
    char *copy = strdup(path);
    if (copy == NULL) return ENOMEM;
    list->entries[list->count++] = (tree_entry){
        .path = copy,
        .mode = status->st_mode,
        .size = status->st_size,
        .modified = tree_modified(status),
        .device = status->st_dev,
        .inode = status->st_ino,
    };
    return 0;
}

/* Notes that something in a directory is not in the list. */
static void leave_out(walk *walk, size_t index) {
    if (index != root_index) walk->list->entries[index].is_partial = 1;
}

/* Notes that a directory is another file system, which is not entered. */
static void pass_over(walk *walk, size_t index) {
    tree_entry *entry = &walk->list->entries[index];
    tell(walk, MILLRACE_LOG_NOTICE, "passed over another file system", entry->path, EXDEV);
    entry->is_partial = entry->is_foreign = 1;
}

/* Takes in one name of an open directory. Returns 0 or ENOMEM. */
static int take(walk *walk, int directory, size_t index, const char *name) {
    const char *prefix = index == root_index ? "" : walk->list->entries[index].path;
    char path[PATH_MAX];
    struct stat status;
    int length = snprintf(path, sizeof path, "%s%s%s", prefix, prefix[0] != 0 ? "/" : "", name);
    int problem = length >= (int)sizeof path ? ENAMETOOLONG : 0, is_unwanted = 0;
    if (problem == 0 && walk->except != NULL) is_unwanted = patterns_match(walk->except, path);
    if (problem == 0 && fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0) problem = errno;
    if (is_unwanted || problem != 0) {
        leave_out(walk, index);
        if (!is_unwanted) unreadable(walk, path, problem);
        return 0;
    }
    if (!S_ISDIR(status.st_mode)) return add(walk->list, path, &status);
    problem = add(walk->list, path, &status);
    if (problem == 0 && status.st_dev != walk->root->device && !walk->root->crosses) {
        pass_over(walk, walk->list->count - 1);
        return 0;
    }
    return problem != 0 ? problem : push(walk, walk->list->count - 1);
}

/* Takes in all that is in a directory. Returns 0, ECANCELED or ENOMEM. */
static int enter(walk *walk, size_t index) {
    const char *path = index == root_index ? "" : walk->list->entries[index].path;
    int descriptor = tree_open(walk->root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
    if (descriptor == -EXDEV) { /* A bind mount of the same file system looks like any directory till now. */
        pass_over(walk, index);
        return 0;
    }
    DIR *directory = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (directory == NULL) {
        leave_out(walk, index);
        unreadable(walk, path, descriptor < 0 ? -descriptor : errno);
        if (descriptor >= 0) close(descriptor);
        return 0;
    }
    int problem = 0;
    struct dirent *entry;
    while (problem == 0 && (errno = 0, entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        problem = walk->context != NULL && walk->context->cancelled(walk->context)
                      ? ECANCELED
                      : take(walk, descriptor, index, entry->d_name);
    }
    if (problem == 0 && errno != 0) {
        leave_out(walk, index);
        unreadable(walk, path, errno);
    }
    closedir(directory);
    return problem;
}

static int by_path(const void *left, const void *right) {
    return strcmp(((const tree_entry *)left)->path, ((const tree_entry *)right)->path);
}

int tree_list_read(tree_list *list, const tree_root *root, const patterns *except,
                   const millrace_context *context) {
    walk walk = {.list = list, .root = root, .except = except, .context = context};
    *list = (tree_list){0};
    int problem = push(&walk, root_index);
    while (problem == 0 && walk.pending_count > 0) problem = enter(&walk, walk.pending[--walk.pending_count]);
    free(walk.pending);
    if (list->count > 0) qsort(list->entries, list->count, sizeof *list->entries, by_path);
    return problem;
}

/* Returns the entry whose path is the first `length` bytes of `path`; NULL if there is none. */
static tree_entry *find(const tree_list *list, const char *path, size_t length) {
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *there = list->entries[middle].path;
        int order = strncmp(there, path, length);
        if (order == 0) order = there[length] != 0;
        if (order == 0) return &list->entries[middle];
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

tree_entry *tree_list_find(const tree_list *list, const char *path) { return find(list, path, strlen(path)); }

tree_entry *tree_list_parent(const tree_list *list, const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? find(list, path, (size_t)(slash - path)) : NULL;
}

void tree_list_drop(tree_list *list) {
    for (size_t i = 0; i < list->count; i++) free(list->entries[i].path);
    free(list->entries);
    *list = (tree_list){0};
}

int tree_empty(const tree_root *root) {
    tree_list list;
    int first = tree_list_read(&list, root, NULL, NULL);
    for (size_t i = list.count; i > 0; i--) { /* What is in a directory comes before it. */
        const tree_entry *entry = &list.entries[i - 1];
        const char *name;
        int directory = tree_open_parent(root, entry->path, &name);
        int problem = directory < 0 ? -directory : 0, flags = S_ISDIR(entry->mode) ? AT_REMOVEDIR : 0;
        if (problem == 0 && unlinkat(directory, name, flags) < 0) problem = errno;
        if (directory >= 0) close(directory);
        if (first == 0 && problem != ENOENT) first = problem;
    }
    tree_list_drop(&list);
    return first;
}
