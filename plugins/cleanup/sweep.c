#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void tell_deleted(sweep *sweep, const tree_entry *entry) {
    char bytes[24], modified[40] = "";
    time_t seconds = (time_t)(entry->modified / 1000000000);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) != NULL) strftime(modified, sizeof modified, "%Y-%m-%dT%H:%M:%SZ", &parts);
    snprintf(bytes, sizeof bytes, "%" PRId64, entry->size);
    const millrace_field fields[] = {{"path", entry->path}, {"modified", modified}, {"bytes", bytes}};
    const int is_directory = S_ISDIR(entry->mode);
    sweep->context->log(sweep->context, MILLRACE_LOG_INFO, sweep->rules->is_dry ? "would delete" : "deleted",
                        fields, is_directory ? 2 : 3);
    if (is_directory) {
        sweep->deleted.directories += 1;
        report_list_add(&sweep->report, entry->path, "{ss}", "modified", modified);
        return;
    }
    sweep->deleted.files += 1;
    sweep->deleted.bytes += entry->size;
    report_list_add(&sweep->report, entry->path, "{sIss}", "bytes", (json_int_t)entry->size, "modified",
                    modified);
}

static void tell_failed(sweep *sweep, const tree_entry *entry, int problem) {
    const millrace_field fields[] = {{"path", entry->path}, {"error", strerror(problem)}};
    sweep->context->log(sweep->context, MILLRACE_LOG_ERROR, "cannot delete", fields, 2);
    sweep->failed += 1;
}

/* Removes a file if it is still as it was listed, or a directory if it is empty. Returns 0 or an errno:
 * ESTALE for a file that is another now. */
static int unlink_entry(const tree_root *root, const tree_entry *entry) {
    const char *name;
    struct stat status;
    int directory = tree_open_parent(root, entry->path, &name);
    if (directory < 0) return -directory;
    int problem = 0;
    if (S_ISDIR(entry->mode)) {
        if (unlinkat(directory, name, AT_REMOVEDIR) < 0) problem = errno;
    } else if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        problem = errno;
    } else if (!tree_entry_is(entry, &status)) {
        problem = ESTALE;
    } else if (unlinkat(directory, name, 0) < 0) {
        problem = errno;
    }
    close(directory);
    return problem;
}

/* Deletes a file, or tells that it would. Returns whether it is gone: 1 or 0. */
static int delete_file(sweep *sweep, const tree_entry *entry) {
    int problem = sweep->rules->is_dry ? 0 : unlink_entry(sweep->root, entry);
    switch (problem) {
    case 0:
        tell_deleted(sweep, entry);
        return 1;
    case ENOENT: return 1; /* Somebody else did it. */
    case ESTALE:
    case ELOOP:
    case ENOTDIR: /* Another file has its name now, or a link has the place of its directory. */
        job_log(sweep->context, MILLRACE_LOG_WARNING, "kept `%s`: it has changed meanwhile", entry->path);
        sweep->changed += 1;
        return 0;
    default:
        tell_failed(sweep, entry, problem);
        return 0;
    }
}

static int by_age(const void *left, const void *right) {
    const tree_entry *a = *(const tree_entry *const *)left, *b = *(const tree_entry *const *)right;
    if (a->modified != b->modified) return a->modified < b->modified ? -1 : 1;
    return strcmp(a->path, b->path);
}

/* Counts what there is, and picks what may be deleted: files and links that the patterns allow, the oldest
 * first. */
static size_t pick(sweep *sweep, tree_entry **candidates) {
    size_t count = 0;
    for (size_t i = 0; i < sweep->list.count; i++) {
        tree_entry *entry = &sweep->list.entries[i];
        if (S_ISDIR(entry->mode)) sweep->found.directories += 1;
        if (!S_ISREG(entry->mode) && !S_ISLNK(entry->mode)) continue; /* Sockets and pipes are in use. */
        sweep->found.files += 1;
        sweep->found.bytes += entry->size;
        const patterns *only = &sweep->rules->only;
        if (!patterns_are_given(only) || patterns_match(only, entry->path)) candidates[count++] = entry;
    }
    qsort(candidates, count, sizeof *candidates, by_age);
    return count;
}

static int delete_files(sweep *sweep) {
    const sweep_rules *rules = sweep->rules;
    tree_entry **candidates = calloc(sweep->list.count + 1, sizeof *candidates);
    if (candidates == NULL) return ENOMEM;
    size_t count = pick(sweep, candidates);
    const int by_pattern = rules->before == INT64_MIN && rules->keep_at_most < 0;
    int64_t left = sweep->found.bytes;
    int problem = 0;
    for (size_t i = 0; i < count && problem == 0; i++) {
        tree_entry *entry = candidates[i];
        int is_old = entry->modified < rules->before;
        int is_over = rules->keep_at_most >= 0 && left > rules->keep_at_most;
        if (!by_pattern && !is_old && !is_over) break; /* All others are younger. */
        if (sweep->context->cancelled(sweep->context)) problem = ECANCELED;
        if (problem != 0 || !delete_file(sweep, entry)) continue;
        left -= entry->size;
        entry->mode = 0; /* Gone: its directory may be empty now. */
        job_progress(sweep->context, (double)(i + 1) / (double)count, "%s", entry->path);
    }
    free(candidates);
    return problem;
}

/* Removes the directories that are empty, from the innermost on: one that was changed lately, or has in it
 * what was left out of the list, stays. */
static void delete_directories(sweep *sweep) {
    const sweep_rules *rules = sweep->rules;
    for (size_t i = sweep->list.count; i > 0; i--) { /* What is in a directory comes before it. */
        tree_entry *entry = &sweep->list.entries[i - 1];
        tree_entry *parent = tree_list_parent(&sweep->list, entry->path);
        int is_young = rules->before != INT64_MIN && entry->modified >= rules->before;
        if (S_ISDIR(entry->mode) && !entry->is_partial && !is_young) {
            int problem = rules->is_dry ? 0 : unlink_entry(sweep->root, entry);
            if (problem == 0) tell_deleted(sweep, entry);
            if (problem == 0 || problem == ENOENT) entry->mode = 0;
            if (problem == EACCES || problem == EPERM || problem == EROFS) tell_failed(sweep, entry, problem);
        }
        if (entry->mode != 0 && parent != NULL) parent->is_partial = 1; /* Something in it stays. */
    }
}

int sweep_run(sweep *sweep, const tree_root *root, const sweep_rules *rules,
              const millrace_context *context) {
    *sweep = (struct sweep){.root = root, .rules = rules, .context = context};
    int problem = tree_list_read(&sweep->list, root, &rules->except, context);
    if (problem == 0) problem = delete_files(sweep);
    if (problem == 0 && rules->empties) delete_directories(sweep);
    return problem;
}
