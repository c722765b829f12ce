/* sqlite: keeps an SQLite database well: backup, check, vacuum and the like. */
#include <string.h>

#include "maintain.h"
#include "utf8.h"

static const char schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"database\",\"actions\"],"
    "\"properties\":{"
    "\"database\":{\"type\":\"string\",\"minLength\":1,\"description\":\"the file, absolute\"},"
    "\"actions\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":10,\"items\":{\"type\":\"string\",\"enum\":["
    "\"backup\",\"integrity_check\",\"vacuum\",\"wal_checkpoint\",\"optimize\"]},"
    "\"description\":\"what is done, in this order\"},"
    "\"backup_directory\":{\"type\":\"string\",\"minLength\":1,"
    "\"description\":\"where backups go, absolute; `backup` needs it\"},"
    "\"keep\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":10000,\"default\":7,"
    "\"description\":\"how many backups stay\"},"
    "\"lock_seconds\":{\"type\":\"number\",\"minimum\":0,\"maximum\":3600,\"default\":10,"
    "\"description\":\"how long a lock of somebody else is waited for\"}}}";

static const struct {
    const char *name;
    int (*run)(maintenance *all, json_t *report);
    int writes;
} actions[] = {
    {"backup", maintain_backup, 0},         {"integrity_check", maintain_check, 0},
    {"vacuum", maintain_vacuum, 1},         {"wal_checkpoint", maintain_checkpoint, 1},
    {"optimize", maintain_optimize, 1},
};
enum { ACTION_COUNT = sizeof actions / sizeof actions[0] };

/* Returns the index of the action; -1 if there is no such. */
static int action_at(const json_t *list, size_t index) {
    const char *name = json_string_value(json_array_get(list, index));
    for (int i = 0; name != NULL && i < ACTION_COUNT; i++) {
        if (strcmp(name, actions[i].name) == 0) return i;
    }
    return -1;
}

/* Checks the actions. Returns whether one of them writes. */
static int check_actions(parameters *given, const json_t *list, const char *backup_directory) {
    int writes = 0;
    if (json_array_size(list) == 0) parameters_refuse(given, "`actions` must name at least one");
    for (size_t i = 0; i < json_array_size(list); i++) {
        int action = action_at(list, i);
        if (action < 0) {
            parameters_refuse(given, "`actions` may be backup, integrity_check, vacuum, wal_checkpoint and "
                                     "optimize");
            return 0;
        }
        writes |= actions[action].writes;
        if (actions[action].run == maintain_backup && backup_directory[0] != '/') {
            parameters_refuse(given, "`backup_directory` must be the absolute path of a directory");
        }
    }
    return writes;
}

/* Does all of them; `reports` tells of each that was begun. */
static int maintain(maintenance *all, const json_t *list, json_t *reports) {
    int result = MILLRACE_OK;
    for (size_t i = 0; i < json_array_size(list) && result == MILLRACE_OK; i++) {
        const int action = action_at(list, i);
        double begin = clock_seconds(CLOCK_MONOTONIC);
        json_t *report = json_pack("{ss}", "action", actions[action].name);
        json_array_append_new(reports, report);
        job_progress(all->context, (double)i / (double)json_array_size(list), "%s", actions[action].name);
        result = actions[action].run(all, report);
        double seconds = clock_seconds(CLOCK_MONOTONIC) - begin;
        json_object_set_new(report, "done", json_boolean(result == MILLRACE_OK));
        json_object_set_new(report, "seconds", json_real((double)(int64_t)(seconds * 1000) / 1000));
        if (result == MILLRACE_OK) {
            job_log(all->context, MILLRACE_LOG_INFO, "%s: done in %.3f s", actions[action].name, seconds);
        }
    }
    return result;
}

static int report(const maintenance *all, json_t *reports) {
    const size_t style = JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(6);
    json_t *object = json_pack("{soso}", "database", utf8_json(all->path), "actions", reports);
    char *text = object != NULL ? json_dumps(object, style) : NULL;
    if (text == NULL) return job_fail(all->context, "no_memory", FAIL_RETRYABLE, "no memory for the report");
    return job_result(all->context, text, strlen(text), "application/json");
}

static int run(const millrace_job *job, const millrace_context *context) {
    parameters given;
    parameters_open(&given, job);
    const json_t *list = parameters_value(&given, "actions", JSON_ARRAY);
    maintenance all = {
        .path = parameters_text(&given, "database", ""),
        .backup_directory = parameters_text(&given, "backup_directory", ""),
        .keep = parameters_integer(&given, "keep", 7, 1, 10000),
        .lock_seconds = parameters_number(&given, "lock_seconds", 10, 3600),
        .job = job,
        .context = context,
    };
    int writes = check_actions(&given, list, all.backup_directory);
    if (all.path[0] == 0) parameters_refuse(&given, "`database` must name a file");
    if (parameters_refused(&given, context)) return MILLRACE_FAILED;

    json_t *reports = json_array();
    int result = maintain_open(&all, writes);
    if (result == MILLRACE_OK) {
        result = maintain(&all, list, reports);
        int answer = report(&all, reports);
        if (result == MILLRACE_OK) result = answer;
    }
    sqlite3_close(all.database);
    return result;
}

static const millrace_limits limits = {
    .size = sizeof(millrace_limits),
    .memory_bytes = 256 << 20,
    .cpu_millis = 1000,
    .pids = 4,
};

static const millrace_handler handlers[] = {{
    .size = sizeof(millrace_handler),
    .name = "sqlite.maintain",
    .summary = "Backs up, checks, vacuums and optimizes an SQLite database",
    .parameter_schema = schema,
    .run = run,
    .limits = &limits,
    .timeout_ms = 6 * 3600000,
}};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "sqlite",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = 1,
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) {
    return &plugin;
}
