/* cleanup: deletes files below a directory by age, total size and name. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sweep.h"

static const char schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"path\"],\"properties\":{"
    "\"path\":{\"type\":\"string\",\"minLength\":1,"
    "\"description\":\"the directory, absolute and without links\"},"
    "\"older_than\":{\"type\":[\"string\",\"integer\"],"
    "\"description\":\"what was last changed so long ago goes: 36h, 30d, 2w\"},"
    "\"keep_at_most\":{\"type\":[\"string\",\"integer\"],"
    "\"description\":\"the oldest files go until all together have no more bytes: 500M, 10G\"},"
    "\"patterns\":{" PATTERNS_SCHEMA ",\"description\":\"only these files: *.tmp, cache/**\"},"
    "\"except\":{" PATTERNS_SCHEMA ",\"description\":\"never these files and directories\"},"
    "\"empty_directories\":{\"type\":\"boolean\",\"default\":false,"
    "\"description\":\"whether directories that are empty then go, too\"},"
    "\"cross_filesystems\":{\"type\":\"boolean\",\"default\":false,"
    "\"description\":\"whether what is mounted below is cleaned, too\"},"
    "\"dry_run\":{\"type\":\"boolean\",\"default\":true,"
    "\"description\":\"whether it is only told what would be deleted\"}}}";

static sweep_rules rules_from(parameters *given) {
    sweep_rules rules = {
        .only = parameters_patterns(given, "patterns"),
        .except = parameters_patterns(given, "except"),
        .before = INT64_MIN,
        .keep_at_most = parameters_size(given, "keep_at_most", -1),
        .empties = parameters_flag(given, "empty_directories", 0),
        .is_dry = parameters_flag(given, "dry_run", 1),
    };
    int64_t age = parameters_span(given, "older_than", -1);
    if (age >= 0) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        int64_t seconds = now.tv_sec - age;
        rules.before = seconds > 0 ? seconds * 1000000000 + now.tv_nsec : 0;
    }
    if (age < 0 && rules.keep_at_most < 0 && !patterns_are_given(&rules.only)) {
        parameters_refuse(given, "`older_than`, `keep_at_most` or `patterns` must say what is to be deleted");
    }
    return rules;
}

static json_t *counts(const sweep_count *count) {
    return json_pack("{sIsIsI}", "files", (json_int_t)count->files, "directories",
                     (json_int_t)count->directories, "bytes", (json_int_t)count->bytes);
}

/* Sets the report as the result. Returns MILLRACE_OK, or MILLRACE_FAILED and has said why. */
static int report(const sweep *done, const char *path, const millrace_context *context) {
    json_t *items = done->report.items != NULL ? done->report.items : json_array();
    json_t *all = json_pack("{sosbsososIsIsIsIsosb}", "path", utf8_json(path),
                            "dry_run", done->rules->is_dry,
                            "found", counts(&done->found),
                            "deleted", counts(&done->deleted),
                            "left_bytes", (json_int_t)(done->found.bytes - done->deleted.bytes),
                            "changed", (json_int_t)done->changed,
                            "not_deleted", (json_int_t)done->failed,
                            "unreadable", (json_int_t)done->list.unreadable,
                            "list", items,
                            "list_is_cut", done->report.is_cut);
    char *text = all != NULL ? json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text == NULL) return job_fail(context, "no_memory", FAIL_RETRYABLE, "no memory for the report");
    return job_result(context, text, strlen(text), "application/json");
}

/* What of the job makes it a failure although it went on to its end. */
static int judge(const sweep *done, const char *path, const millrace_context *context) {
    int64_t left = done->found.bytes - done->deleted.bytes, most = done->rules->keep_at_most;
    if (done->failed > 0 || done->list.unreadable > 0) {
        return job_fail(context, "not_deleted", FAIL_FOR_GOOD,
                        "could not delete %" PRId64 " and not read %zu of the files and directories in `%s`; "
                        "the log names each",
                        done->failed, done->list.unreadable, path);
    }
    if (most >= 0 && left > most) {
        return job_fail(context, "still_over", FAIL_FOR_GOOD,
                        "`%s` still has %" PRId64 " bytes, more than the %" PRId64 " that it may keep: "
                        "nothing else may be deleted",
                        path, left, most);
    }
    return MILLRACE_OK;
}

static int clean(const tree_root *root, const char *path, const sweep_rules *rules,
                 const millrace_context *context) {
    sweep done;
    context->progress(context, 0, "listing");
    int problem = sweep_run(&done, root, rules, context);
    if (report(&done, path, context) != MILLRACE_OK) return MILLRACE_FAILED;
    if (problem == ECANCELED) {
        return job_fail(context, "cancelled", FAIL_RETRYABLE, "cancelled after %" PRId64 " files",
                        done.deleted.files);
    }
    if (problem != 0) {
        return job_fail(context, "no_memory", FAIL_RETRYABLE, "no memory for the list of what is in `%s`",
                        path);
    }
    job_log(context, MILLRACE_LOG_NOTICE,
            "%s %" PRId64 " files with %" PRId64 " bytes and %" PRId64 " directories",
            rules->is_dry ? "would delete" : "deleted", done.deleted.files, done.deleted.bytes,
            done.deleted.directories);
    return judge(&done, path, context);
}

static int run(const millrace_job *job, const millrace_context *context) {
    parameters given;
    tree_root root;
    parameters_open(&given, job);
    const char *path = parameters_text(&given, "path", NULL);
    sweep_rules rules = rules_from(&given);
    int flags = parameters_flag(&given, "cross_filesystems", 0) ? TREE_ROOT_CROSSES : 0;
    if (path == NULL) parameters_refuse(&given, "`path` must name a directory");
    if (parameters_refused(&given, context)) return MILLRACE_FAILED;

    int problem = tree_root_open(&root, path, flags | TREE_ROOT_WITHOUT_LINKS);
    if (problem != 0) return tree_root_fail(context, path, problem);
    if (tree_root_is_vital(&root)) {
        return job_fail(context, "vital_directory", FAIL_FOR_GOOD,
                        "nothing is deleted in `%s`, which the system needs; name a directory below it",
                        path);
    }
    return clean(&root, path, &rules, context);
}

static const millrace_limits limits = {
    .size = sizeof(millrace_limits),
    .memory_bytes = 256 << 20,
    .cpu_millis = 1000,
    .pids = 4,
};

static const millrace_handler handlers[] = {{
    .size = sizeof(millrace_handler),
    .name = "cleanup.files",
    .summary = "Deletes files below a directory by age, total size and name",
    .parameter_schema = schema,
    .run = run,
    .limits = &limits,
    .timeout_ms = 3600000,
}};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "cleanup",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = 1,
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) {
    return &plugin;
}
