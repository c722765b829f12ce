/* metrics: figures of the machine and of all jobs together, for `millrace stats`. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "parameters.h"

static const char schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"disks\":{\"type\":\"array\",\"maxItems\":32,\"default\":[\"/\"],"
    "\"items\":{\"type\":\"string\",\"pattern\":\"^/\",\"maxLength\":255},"
    "\"description\":\"paths whose file systems are looked at\"},"
    "\"seconds\":{\"type\":\"number\",\"minimum\":0,\"maximum\":60,\"default\":1,"
    "\"description\":\"the time over which processors and network are watched\"}}}";

/* What `millrace stats` shows of any handler's results. */
static const char media_type[] = "application/vnd.millrace.figures+json";

/* Waits for so many seconds; returns whether it was not asked to stop. */
static int watch(const millrace_context *context, double seconds) {
    const double end = clock_seconds(CLOCK_MONOTONIC) + seconds;
    double left;
    while ((left = end - clock_seconds(CLOCK_MONOTONIC)) > 0) {
        if (context->cancelled(context)) return 0;
        job_doze(context, left);
    }
    return !context->cancelled(context);
}

static int add_disks(json_t *figures, parameters *all, const millrace_context *context) {
    json_t *disks = parameters_value(all, "disks", JSON_ARRAY), *disk;
    size_t index;
    json_array_foreach(disks, index, disk) {
        const char *path = json_string_value(disk);
        const int problem = path == NULL ? 0 : figures_add_disk(figures, path);
        if (problem != 0) {
            return job_fail(context, "not_found", FAIL_FOR_GOOD, "cannot look at the disk of `%s`: %s", path,
                            strerror(problem));
        }
    }
    return MILLRACE_OK;
}

static int run(const millrace_job *job, const millrace_context *context) {
    parameters given;
    parameters_open(&given, job);
    const double seconds = parameters_number(&given, "seconds", 1, 60);
    if (parameters_refused(&given, context)) return MILLRACE_FAILED;

    char jobs[PATH_MAX];
    counters before, after;
    figures_find_jobs(jobs, sizeof jobs);
    counters_read(&before, jobs);
    if (!watch(context, seconds)) {
        return job_fail(context, "cancelled", FAIL_RETRYABLE, "cancelled while watching");
    }
    counters_read(&after, jobs);

    json_t *figures = json_object();
    figures_add_rates(figures, &before, &after);
    figures_add_machine(figures, jobs);
    if (add_disks(figures, &given, context) != MILLRACE_OK) return MILLRACE_FAILED;
    char *text = json_dumps(figures, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(9));
    if (text == NULL) return job_fail(context, "no_memory", FAIL_RETRYABLE, "no memory for the figures");
    return job_result(context, text, strlen(text), media_type);
}

static const millrace_limits limits = {
    .size = sizeof(millrace_limits), .memory_bytes = 64 << 20, .cpu_millis = 200, .pids = 8};

static const millrace_handler handlers[] = {{
    .size = sizeof(millrace_handler),
    .name = "metrics.collect",
    .summary = "Measures the machine and all jobs together, for `millrace stats`",
    .parameter_schema = schema,
    .run = run,
    .limits = &limits,
    .timeout_ms = 120000,
    .concurrency = 1,
}};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "metrics",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = 1,
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) {
    return &plugin;
}
