/* lookup: finds keys in a large table that a warm host has read once, for all of its jobs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "parameters.h"
#include "table.h"

static const char schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"table\",\"keys\"],\"properties\":{"
    "\"table\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":255},"
    "\"keys\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1,\"maxItems\":1000}}}";

/* The table that this process has, and its file; a job that was forked has it without having read it. */
static table known;
static char known_path[256];

/* The key of a host is the path of its table. */
static int prepare(const char *path) {
    table_drop(&known);
    known_path[0] = 0;
    int error = table_read(&known, path);
    if (error != 0) {
        fprintf(stderr, "cannot read `%s`: %s\n", path, strerror(error));
        return MILLRACE_FAILED;
    }
    snprintf(known_path, sizeof known_path, "%s", path);
    return MILLRACE_OK;
}

static json_t *find_all(const json_t *keys, size_t *found) {
    json_t *values = json_object(), *key;
    size_t index;
    json_array_foreach(keys, index, key) {
        const char *value = table_find(&known, json_string_value(key));
        if (value != NULL) ++*found;
        json_object_set_new(values, json_string_value(key), value ? json_string(value) : json_null());
    }
    return values;
}

static int look_up(const millrace_job *job, const millrace_context *context) {
    parameters all;
    parameters_open(&all, job);
    const char *path = parameters_text(&all, "table", "");
    const json_t *keys = parameters_value(&all, "keys", JSON_ARRAY);
    if (parameters_refused(&all, context)) return MILLRACE_FAILED;
    const int is_prepared = strcmp(known_path, path) == 0;
    if (!is_prepared) {
        table_drop(&known);
        int error = table_read(&known, path);
        if (error == EILSEQ) {
            return job_fail(context, "no_table", FAIL_FOR_GOOD, "`%s` has a line without a tab", path);
        }
        if (error != 0) {
            return job_fail(context, "no_table", FAIL_FOR_GOOD, "cannot read `%s`: %s", path,
                            strerror(error));
        }
    }
    size_t found = 0;
    json_t *values = find_all(keys, &found);
    job_log(context, MILLRACE_LOG_INFO, "%zu of %zu keys found among %zu, table %s", found,
            json_array_size(keys), known.count, is_prepared ? "shared" : "read by this job");
    char *text = json_dumps(values, JSON_COMPACT);
    if (text == NULL) return job_fail(context, "no_memory", FAIL_RETRYABLE, "no memory for the result");
    return context->set_result(context, text, strlen(text), "application/json");
}

static const millrace_handler handlers[] = {{
    .size = sizeof(millrace_handler),
    .name = "lookup",
    .summary = "Finds keys in a large table that its jobs share",
    .parameter_schema = schema,
    .run = look_up,
    .prepare = prepare,
}};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .flags = MILLRACE_WARM,
    .name = "lookup",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = 1,
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) { return &plugin; }
