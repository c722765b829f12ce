#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parameters.h"

enum { BLOCK = 1 << 18 };

/* Reads a whole block, or what is left. Returns how much, or -1. */
static ssize_t read_block(int file, char *block) {
    size_t length = 0;
    while (length < BLOCK) {
        ssize_t count = read(file, block + length, BLOCK - length);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -1;
        if (count == 0) break;
        length += (size_t)count;
    }
    return (ssize_t)length;
}

/* Whether two files have the same bytes: 1 or 0; -1 if the job was cancelled. What can't be read is not the
 * same: the copy of it tells why. */
static int has_same_bytes(const plan *plan, const char *path) {
    static char left[BLOCK], right[BLOCK];
    int source = tree_open(&plan->source, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    int target = tree_open(&plan->target, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    int is_same = source >= 0 && target >= 0;
    while (is_same > 0) {
        ssize_t count = read_block(source, left);
        if (count < 0 || count != read_block(target, right)) is_same = 0;
        if (is_same && memcmp(left, right, (size_t)count) != 0) is_same = 0;
        if (is_same && plan->context->cancelled(plan->context)) is_same = -1;
        if (count == 0) break;
    }
    if (source >= 0) close(source);
    if (target >= 0) close(target);
    return is_same;
}

static int has_same_target(const plan *plan, const char *path) {
    char left[PATH_MAX] = "", right[PATH_MAX] = "";
    const char *name;
    int source = tree_open_parent(&plan->source, path, &name);
    int target = tree_open_parent(&plan->target, path, &name);
    int is_same = source >= 0 && target >= 0 && readlinkat(source, name, left, sizeof left - 1) > 0 &&
                  readlinkat(target, name, right, sizeof right - 1) > 0 && strcmp(left, right) == 0;
    if (source >= 0) close(source);
    if (target >= 0) close(target);
    return is_same;
}

/* Returns what is to be done for an entry that both trees have as the same kind, or -1 if the job was
 * cancelled. */
static int compare(const plan *plan, const tree_entry *from, const tree_entry *to) {
    if (S_ISDIR(from->mode)) return PLAN_NOTHING; /* Their modes and times are set at the end. */
    if (S_ISLNK(from->mode)) return has_same_target(plan, from->path) ? PLAN_NOTHING : PLAN_LINK;
    if (from->size != to->size) return PLAN_COPY;
    if (plan->compares_content) {
        int is_same = has_same_bytes(plan, from->path);
        if (is_same <= 0) return is_same < 0 ? -1 : PLAN_COPY;
    } else if (from->modified != to->modified) {
        return PLAN_COPY;
    }
    return from->modified != to->modified || ((from->mode ^ to->mode) & PLAN_MODES) != 0 ? PLAN_TOUCH
                                                                                         : PLAN_NOTHING;
}

/* Notes that an entry of the target, and what is in it, has to go before something is copied. */
static void clear_way(plan *plan, size_t index) {
    const char *path = plan->target_list.entries[index].path;
    const size_t length = strlen(path);
    plan->fates[index] = PLAN_GOES_FIRST;
    int may_go = plan->deletes;
    for (size_t i = index; i < plan->target_list.count; i++) {
        const tree_entry *entry = &plan->target_list.entries[i];
        if (strncmp(entry->path, path, length) != 0) break;
        if (entry->path[length] != 0 && entry->path[length] != '/') continue;
        plan->fates[i] = PLAN_GOES_FIRST;
        if (entry->is_partial) may_go = 0;
    }
    if (!may_go && plan->in_the_way == NULL) plan->in_the_way = path;
}

static int is_copied(mode_t mode) { return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode); }

/* Decides about an entry of the source; `to` is its like in the target, or NULL. Returns 0 or ECANCELED. */
static int decide(plan *plan, size_t index, const tree_entry *to) {
    const tree_entry *from = &plan->source_list.entries[index];
    if (!is_copied(from->mode)) {
        job_log(plan->context, MILLRACE_LOG_NOTICE, "passed over `%s`: it is no file, directory or link",
                from->path);
        plan->passed_over += 1;
        return 0;
    }
    int action = S_ISDIR(from->mode) ? PLAN_MAKE_DIRECTORY : S_ISLNK(from->mode) ? PLAN_LINK : PLAN_COPY;
    if (to != NULL && (to->mode & S_IFMT) == (from->mode & S_IFMT)) {
        action = compare(plan, from, to);
    } else if (to != NULL && (S_ISDIR(to->mode) || S_ISDIR(from->mode))) {
        clear_way(plan, (size_t)(to - plan->target_list.entries));
    }
    if (action < 0) return ECANCELED;
    plan->actions[index] = (unsigned char)action;
    return 0;
}

/* Whether the source may have it all the same: it is in a file system that was not entered. */
static int is_hidden(const plan *plan, const char *path) {
    char parent[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", path);
    for (char *slash; (slash = strrchr(parent, '/')) != NULL;) {
        *slash = 0;
        const tree_entry *entry = tree_list_find(&plan->source_list, parent);
        if (entry != NULL && entry->is_foreign) return 1;
    }
    return 0;
}

/* Goes through both lists, which are sorted. Returns 0 or ECANCELED. */
static int join(plan *plan) {
    size_t from = 0, to = 0;
    int problem = 0;
    while (problem == 0 && (from < plan->source_list.count || to < plan->target_list.count)) {
        const tree_entry *left = from < plan->source_list.count ? &plan->source_list.entries[from] : NULL;
        const tree_entry *right = to < plan->target_list.count ? &plan->target_list.entries[to] : NULL;
        int order = left == NULL ? 1 : right == NULL ? -1 : strcmp(left->path, right->path);
        if (order > 0 && plan->deletes && plan->fates[to] == PLAN_STAYS && !is_hidden(plan, right->path)) {
            plan->fates[to] = PLAN_GOES;
        }
        if (order <= 0) problem = decide(plan, from, order == 0 ? right : NULL);
        from += order <= 0;
        to += order >= 0;
    }
    return problem;
}

int plan_make(plan *plan) {
    plan->actions = calloc(plan->source_list.count + 1, 1);
    plan->fates = calloc(plan->target_list.count + 1, 1);
    if (plan->actions == NULL || plan->fates == NULL) return ENOMEM;
    int problem = join(plan);
    for (size_t i = plan->target_list.count; i > 0; i--) { /* What is in a directory comes before it. */
        tree_entry *entry = &plan->target_list.entries[i - 1];
        tree_entry *parent = tree_list_parent(&plan->target_list, entry->path);
        if (S_ISDIR(entry->mode) && entry->is_partial && plan->fates[i - 1] == PLAN_GOES) {
            plan->fates[i - 1] = PLAN_STAYS; /* What is excepted stays, and the way to it. */
        }
        if (plan->fates[i - 1] == PLAN_STAYS && parent != NULL) parent->is_partial = 1;
        plan->deletions += plan->fates[i - 1] != PLAN_STAYS;
    }
    return problem;
}
