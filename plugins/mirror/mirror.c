/* mirror: makes one tree like another, and touches only what differs. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apply.h"
#include "parameters.h"
#include "patterns.h"
#include "utf8.h"

static const char schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"source\",\"target\"],"
    "\"properties\":{"
    "\"source\":{\"type\":\"string\",\"minLength\":1,\"description\":\"the directory to copy, absolute\"},"
    "\"target\":{\"type\":\"string\",\"minLength\":1,"
    "\"description\":\"the directory to make like it, absolute and without links\"},"
    "\"compare\":{\"type\":\"string\",\"enum\":[\"time\",\"content\"],\"default\":\"time\","
    "\"description\":\"what tells that a file of the same size has changed\"},"
    "\"except\":{" PATTERNS_SCHEMA ",\"description\":\"neither copied nor deleted\"},"
    "\"delete\":{\"type\":\"boolean\",\"default\":false,"
    "\"description\":\"whether what the source does not have goes\"},"
    "\"max_delete\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":1000000000,\"default\":1000,"
    "\"description\":\"if more would go, nothing is done at all\"},"
    "\"cross_filesystems\":{\"type\":\"boolean\",\"default\":false,"
    "\"description\":\"whether what is mounted below is copied, too\"},"
    "\"dry_run\":{\"type\":\"boolean\",\"default\":false,"
    "\"description\":\"whether it is only told what would be done\"}}}";

static const char *const compare_choices[] = {"time", "content", NULL};

typedef struct wanted {
    const char *source, *target;
    patterns except;
    int64_t max_delete;
    int flags, is_dry;
} wanted;

/* Whether one of two directories is the other, or in it: 1 or 0. */
static int overlap(const char *left, const char *right) {
    char *one = realpath(left, NULL), *other = realpath(right, NULL);
    int is_overlap = 0;
    if (one != NULL && other != NULL) {
        const char *shorter = strlen(one) < strlen(other) ? one : other;
        const char *longer = shorter == one ? other : one;
        size_t length = strcmp(shorter, "/") == 0 ? 0 : strlen(shorter);
        is_overlap = strncmp(shorter, longer, length) == 0 && (longer[length] == 0 || longer[length] == '/');
    }
    free(one);
    free(other);
    return is_overlap;
}

/* Opens and lists the source. Returns MILLRACE_OK, or MILLRACE_FAILED and has said why. */
static int read_source(plan *plan, const wanted *all) {
    int problem = tree_root_open(&plan->source, all->source, all->flags);
    if (problem != 0) return tree_root_fail(plan->context, all->source, problem);
    plan->context->progress(plan->context, 0, "listing");
    problem = tree_list_read(&plan->source_list, &plan->source, &all->except, plan->context);
    if (problem != 0) {
        return job_fail(plan->context, problem == ECANCELED ? "cancelled" : "no_memory", FAIL_RETRYABLE,
                        "cannot list `%s`: %s", all->source, strerror(problem));
    }
    if (plan->source_list.count > 0) return MILLRACE_OK;
    return job_fail(plan->context, "empty_source", FAIL_FOR_GOOD,
                    "nothing is in `%s`; if that is right, and no disk is missing, empty the target by hand",
                    all->source);
}

/* Opens the target, which is made if it is missing, and lists it. Returns as `read_source`. */
static int read_target(plan *plan, const wanted *all) {
    const int flags = all->flags | TREE_ROOT_WITHOUT_LINKS;
    int problem = tree_root_open(&plan->target, all->target, flags);
    if (problem == ENOENT && all->is_dry) return MILLRACE_OK;
    const int is_made = problem == ENOENT && mkdir(all->target, 0755) == 0;
    if (is_made) {
        problem = tree_root_open(&plan->target, all->target, flags);
    }
    if (problem != 0) return tree_root_fail(plan->context, all->target, problem);
    if (tree_root_is_vital(&plan->target)) {
        return job_fail(plan->context, "vital_directory", FAIL_FOR_GOOD,
                        "`%s` is not made like another: the system needs it; name a directory below it",
                        all->target);
    }
    if (overlap(all->source, all->target)) {
        if (is_made) rmdir(all->target);
        return job_fail(plan->context, "invalid_parameters", FAIL_FOR_GOOD,
                        "of `source` and `target` one is in the other: `%s`, `%s`", all->source, all->target);
    }
    problem = tree_list_read(&plan->target_list, &plan->target, &all->except, plan->context);
    if (problem == 0) return MILLRACE_OK;
    return job_fail(plan->context, problem == ECANCELED ? "cancelled" : "no_memory", FAIL_RETRYABLE,
                    "cannot list `%s`: %s", all->target, strerror(problem));
}

/* Makes the plan and refuses one that does what it may not. Returns as `read_source`. */
static int make_plan(plan *plan, const wanted *all) {
    int problem = plan_make(plan);
    if (problem != 0) {
        return job_fail(plan->context, problem == ECANCELED ? "cancelled" : "no_memory", FAIL_RETRYABLE,
                        "cannot compare `%s` and `%s`: %s", all->source, all->target, strerror(problem));
    }
    if (plan->in_the_way != NULL) {
        return job_fail(plan->context, "in_the_way", FAIL_FOR_GOOD,
                        "`%s` is a directory in one of the trees and none in the other; %s", plan->in_the_way,
                        plan->deletes ? "what is excepted in it keeps it" : "`delete` would remove it");
    }
    if (plan->deletions > all->max_delete) {
        return job_fail(plan->context, "too_many_deletions", FAIL_FOR_GOOD,
                        "%" PRId64 " files and directories of `%s` would be deleted, and `max_delete` is "
                        "%" PRId64 "; nothing was done",
                        plan->deletions, all->target, all->max_delete);
    }
    return MILLRACE_OK;
}

static int report(const apply *done, const wanted *all) {
    json_t *items = done->report.items != NULL ? done->report.items : json_array();
    json_t *object = json_pack("{sososbsIsIsIsIsIsIsIsIsIsosb}", "source", utf8_json(all->source), "target",
                               utf8_json(all->target), "dry_run", done->is_dry,
                               "copied", (json_int_t)done->copied,
                               "bytes", (json_int_t)done->bytes,
                               "links", (json_int_t)done->links,
                               "directories", (json_int_t)done->directories,
                               "touched", (json_int_t)done->touched,
                               "deleted", (json_int_t)done->deleted,
                               "failed", (json_int_t)done->failed,
                               "unreadable", (json_int_t)done->plan->source_list.unreadable,
                               "passed_over", (json_int_t)done->plan->passed_over,
                               "list", items, "list_is_cut", done->report.is_cut);
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text == NULL) return job_fail(done->context, "no_memory", FAIL_RETRYABLE, "no memory for the report");
    return job_result(done->context, text, strlen(text), "application/json");
}

static int finish(const apply *done, const wanted *all, int problem) {
    if (report(done, all) != MILLRACE_OK) return MILLRACE_FAILED;
    if (problem == ECANCELED) {
        return job_fail(done->context, "cancelled", FAIL_RETRYABLE, "cancelled after %" PRId64 " files",
                        done->copied);
    }
    if (problem != 0) {
        return job_fail(done->context, "not_written", FAIL_RETRYABLE, "cannot write to `%s`: %s", all->target,
                        strerror(problem));
    }
    size_t unreadable = done->plan->source_list.unreadable + done->plan->target_list.unreadable;
    if (done->failed == 0 && unreadable == 0) return MILLRACE_OK;
    return job_fail(done->context, "not_mirrored", FAIL_FOR_GOOD,
                    "could not read or write %" PRId64 " of the files and directories; the log names each%s",
                    done->failed + (int64_t)unreadable, done->spares ? ", and nothing was deleted" : "");
}

static int run(const millrace_job *job, const millrace_context *context) {
    parameters given;
    parameters_open(&given, job);
    wanted all = {
        .source = parameters_text(&given, "source", ""),
        .target = parameters_text(&given, "target", ""),
        .except = parameters_patterns(&given, "except"),
        .max_delete = parameters_integer(&given, "max_delete", 1000, 0, 1000000000),
        .flags = parameters_flag(&given, "cross_filesystems", 0) ? TREE_ROOT_CROSSES : 0,
        .is_dry = parameters_flag(&given, "dry_run", 0),
    };
    plan plan = {
        .source = {.directory = -1},
        .target = {.directory = -1},
        .compares_content = parameters_choice(&given, "compare", compare_choices),
        .deletes = parameters_flag(&given, "delete", 0),
        .context = context,
    };
    if (parameters_refused(&given, context)) return MILLRACE_FAILED;
    if (read_source(&plan, &all) != MILLRACE_OK) return MILLRACE_FAILED;
    if (read_target(&plan, &all) != MILLRACE_OK) return MILLRACE_FAILED;
    /* What could not be read looks as if it were gone: then nothing is. */
    const int spares = plan.source_list.unreadable > 0;
    if (make_plan(&plan, &all) != MILLRACE_OK) return MILLRACE_FAILED;
    apply done = {.plan = &plan, .job = job, .context = context, .is_dry = all.is_dry, .spares = spares};
    return finish(&done, &all, apply_plan(&done));
}

static const millrace_limits limits = {
    .size = sizeof(millrace_limits),
    .memory_bytes = 512 << 20,
    .cpu_millis = 1000,
    .pids = 4,
};

static const millrace_handler handlers[] = {{
    .size = sizeof(millrace_handler),
    .name = "file.mirror",
    .summary = "Makes one directory tree like another, and touches only what differs",
    .parameter_schema = schema,
    .run = run,
    .limits = &limits,
    .timeout_ms = 6 * 3600000,
}};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "mirror",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = 1,
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) {
    return &plugin;
}
