/* health: looks whether servers answer and the machine has what it needs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { CHECKS_MAX = 100 };

static const char schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"checks\"],\"properties\":{"
    "\"checks\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":100,\"description\":\"each has one of http, "
    "tcp, disk, memory, load and file\",\"items\":{\"type\":\"object\",\"additionalProperties\":false,"
    "\"properties\":{"
    "\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":200},"
    "\"http\":{\"type\":\"string\",\"maxLength\":8192,\"description\":\"an address that must answer\"},"
    "\"statuses\":{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"minimum\":200,\"maximum\":599},"
    "\"minItems\":1,\"description\":\"what it may answer with; default: 200 to 299\"},"
    "\"ca_file\":{\"type\":\"string\",\"minLength\":1,\"description\":\"certificates (PEM) that are trusted "
    "in the place of the machine's\"},"
    "\"tcp\":{\"type\":\"string\",\"maxLength\":300,\"description\":\"host:port that must take a "
    "connection\"},"
    "\"timeout\":{\"type\":\"number\",\"minimum\":0.1,\"maximum\":60,"
    "\"description\":\"seconds for a server; default: 5\"},"
    "\"disk\":{\"type\":\"string\",\"description\":\"a path in a file system that must have room\"},"
    "\"min_free\":{\"type\":[\"integer\",\"string\"],\"description\":\"so many bytes, such as 5G\"},"
    "\"min_free_percent\":{\"type\":\"number\",\"minimum\":0,\"maximum\":100,"
    "\"description\":\"so much of it; default: 10, unless min_free is given\"},"
    "\"memory\":{\"type\":[\"integer\",\"string\"],\"description\":\"how much must be available\"},"
    "\"load\":{\"type\":\"number\",\"minimum\":0,\"description\":\"the highest mean of a minute\"},"
    "\"file\":{\"type\":\"string\",\"description\":\"a file that must have been written to lately\"},"
    "\"max_age\":{\"type\":\"number\",\"minimum\":0,\"description\":\"how many seconds ago at most\"}"
    "}}}}}";

/* Returns the result's text, or NULL if there is no memory. */
static char *describe(check *checks, size_t count, size_t bad) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        check *one = &checks[i];
        json_object_set_new(one->figures, "name", json_string(one->name));
        json_object_set_new(one->figures, "kind", json_string(check_kinds[one->kind]));
        json_object_set_new(one->figures, "good", json_boolean(one->problem[0] == 0));
        if (one->problem[0] != 0) json_object_set_new(one->figures, "problem", json_string(one->problem));
        json_array_append(list, one->figures);
    }
    json_t *all = json_pack("{s:b, s:o}", "healthy", bad == 0, "checks", list);
    return json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(6));
}

/* Fails the job with all that is bad; a message that gets too long is cut. */
static int fail(const check *checks, size_t count, size_t bad, const millrace_context *context) {
    char words[4000] = "";
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        if (checks[i].problem[0] == 0 || length >= sizeof words) continue;
        const char *comma = length > 0 ? "; " : "";
        length += (size_t)snprintf(words + length, sizeof words - length, "%s`%s`: %s", comma,
                                   checks[i].name, checks[i].problem);
    }
    return job_fail(context, "unhealthy", FAIL_RETRYABLE, "%zu of %zu checks are bad: %s", bad, count, words);
}

/* Looks at everything, also after the first thing that is bad. */
static int look(check *checks, size_t count, const millrace_context *context) {
    size_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        check *one = &checks[i];
        int is_server = one->kind == CHECK_HTTP || one->kind == CHECK_TCP;
        double start = clock_seconds(CLOCK_MONOTONIC);
        job_progress(context, (double)i / (double)count, "%s", one->name);
        if (!is_server) check_machine(one);
        if (context->cancelled(context) || (is_server && check_server(one, context))) {
            return job_fail(context, "cancelled", FAIL_RETRYABLE, "cancelled while looking at `%s`",
                            one->name);
        }
        double spent = clock_seconds(CLOCK_MONOTONIC) - start;
        json_object_set_new(one->figures, "milliseconds", json_real(spent * 1000));
        int is_bad = one->problem[0] != 0;
        bad += is_bad;
        job_log(context, is_bad ? MILLRACE_LOG_WARNING : MILLRACE_LOG_INFO, "`%s`: %s", one->name,
                is_bad ? one->problem : "good");
    }
    char *text = describe(checks, count, bad);
    if (text == NULL) return job_fail(context, "no_memory", FAIL_RETRYABLE, "no memory for the result");
    if (job_result(context, text, strlen(text), "application/json") != MILLRACE_OK) return MILLRACE_FAILED;
    return bad > 0 ? fail(checks, count, bad, context) : MILLRACE_OK;
}

static int run(const millrace_job *job, const millrace_context *context) {
    static check checks[CHECKS_MAX];
    parameters all;
    size_t index, count;
    json_t *element;
    parameters_open(&all, job);
    const json_t *list = parameters_value(&all, "checks", JSON_ARRAY);
    count = json_array_size(list);
    if (count == 0 || count > CHECKS_MAX) parameters_refuse(&all, "`checks` must be 1 to %d", CHECKS_MAX);
    json_array_foreach(list, index, element) {
        if (index < CHECKS_MAX) check_read(&checks[index], &all, element, index);
    }
    if (parameters_refused(&all, context)) return MILLRACE_FAILED;
    return look(checks, count, context);
}

static const millrace_limits limits = {
    .size = sizeof(millrace_limits),
    .memory_bytes = 64 << 20,
    .pids = 16,
};

static const millrace_handler handlers[] = {{
    .size = sizeof(millrace_handler),
    .name = "health.check",
    .summary = "Looks whether servers answer and the machine has room",
    .parameter_schema = schema,
    .run = run,
    .limits = &limits,
    .timeout_ms = 600 * 1000,
    .max_attempts = 2,
    .flags = MILLRACE_UNRELATED_JOBS,
    .retry_delay_ms = 10 * 1000,
    .concurrency = 8,
}};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "health",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = 1,
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) { return &plugin; }
