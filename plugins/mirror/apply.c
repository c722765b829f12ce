#include "apply.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "copy.h"
#include "parameters.h"

static const char *const words[] = {"", "make", "copy", "link", "touch"};

static void tell(apply *all, const char *path, const char *action) {
    const millrace_field fields[] = {{"path", path}};
    all->context->log(all->context, MILLRACE_LOG_INFO, action, fields, 1);
    report_list_add(&all->report, path, "{ss}", "action", action);
}

/* Counts what could not be done. Returns 0, or the errno if nothing else can be done either. */
static int fail(apply *all, const char *path, int problem) {
    if (problem == ECANCELED) return problem;
    const millrace_field fields[] = {{"path", path}, {"error", strerror(problem)}};
    all->context->log(all->context, MILLRACE_LOG_ERROR, "cannot mirror", fields, 2);
    all->failed += 1;
    return problem == ENOSPC || problem == EDQUOT || problem == EROFS ? problem : 0;
}

static int make_directory(const apply *all, const tree_entry *from) {
    const char *name;
    int directory = tree_open_parent(&all->plan->target, from->path, &name);
    if (directory < 0) return -directory;
    int problem = mkdirat(directory, name, 0700) < 0 ? errno : 0;
    close(directory);
    return problem;
}

/* Does what is to be done for an entry of the source. Returns as `apply_plan`. */
static int bring(apply *all, const tree_entry *from, plan_action action) {
    int problem = 0;
    switch (action) {
    case PLAN_NOTHING: return 0;
    case PLAN_MAKE_DIRECTORY:
        if (!all->is_dry) problem = make_directory(all, from);
        all->directories += problem == 0;
        break;
    case PLAN_COPY:
        if (!all->is_dry) problem = copy_file(all, from);
        else all->bytes += from->size;
        all->copied += problem == 0;
        break;
    case PLAN_LINK:
        if (!all->is_dry) problem = copy_link(all, from);
        all->links += problem == 0;
        break;
    case PLAN_TOUCH:
        if (!all->is_dry) problem = copy_attributes(all, from);
        all->touched += problem == 0;
        break;
    }
    if (problem != 0) return fail(all, from->path, problem);
    tell(all, from->path, words[action]);
    return 0;
}

static int bring_all(apply *all) {
    const tree_list *list = &all->plan->source_list;
    int problem = 0;
    for (size_t i = 0; i < list->count && problem == 0; i++) {
        if (all->context->cancelled(all->context)) return ECANCELED;
        job_progress(all->context, (double)i / (double)list->count, "%s", list->entries[i].path);
        problem = bring(all, &list->entries[i], all->plan->actions[i]);
    }
    return problem;
}

static int unlink_entry(const apply *all, const tree_entry *entry) {
    const char *name;
    int directory = tree_open_parent(&all->plan->target, entry->path, &name);
    if (directory < 0) return -directory;
    int problem = unlinkat(directory, name, S_ISDIR(entry->mode) ? AT_REMOVEDIR : 0) < 0 ? errno : 0;
    close(directory);
    return problem == ENOENT ? 0 : problem;
}

/* Deletes what has this fate, from the innermost on. Returns as `apply_plan`. */
static int delete_all(apply *all, plan_fate fate) {
    const tree_list *list = &all->plan->target_list;
    int problem = 0;
    for (size_t i = list->count; i > 0 && problem == 0; i--) {
        const tree_entry *entry = &list->entries[i - 1];
        if (all->plan->fates[i - 1] != fate) continue;
        if (all->context->cancelled(all->context)) return ECANCELED;
        problem = all->is_dry ? 0 : unlink_entry(all, entry);
        if (problem != 0) {
            problem = fail(all, entry->path, problem);
            continue;
        }
        all->deleted += 1;
        tell(all, entry->path, "delete");
    }
    return problem;
}

/* Sets modes and times of directories, from the innermost on: what is made in one changes its times, and a
 * mode may close it. */
static int finish_directories(apply *all) {
    const tree_list *list = &all->plan->source_list;
    int problem = 0;
    for (size_t i = list->count; i > 0 && problem == 0; i--) {
        const tree_entry *entry = &list->entries[i - 1];
        if (!S_ISDIR(entry->mode)) continue;
        problem = copy_attributes(all, entry);
        if (problem != 0) problem = fail(all, entry->path, problem);
    }
    if (problem == 0 && syncfs(all->plan->target.directory) < 0) problem = errno;
    return problem;
}

int apply_plan(apply *all) {
    int problem = delete_all(all, PLAN_GOES_FIRST);
    if (problem == 0) problem = bring_all(all);
    if (problem == 0 && !all->spares) problem = delete_all(all, PLAN_GOES);
    if (problem == 0 && !all->is_dry) problem = finish_directories(all);
    return problem;
}
