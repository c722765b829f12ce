/* nameless: greets somebody. Put what your jobs do into `run`. */
#include <stdio.h>
#include <string.h>

#include "parameters.h"

enum { TIMES_MAX = 100, TEXT_MAX = 64 << 10 };

/* What the runner checks the parameters against, and fills in, before it accepts a job. */
static const char schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"who\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":200,\"default\":\"world\","
    "\"description\":\"whom to greet\"},"
    "\"times\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100,\"default\":1,"
    "\"description\":\"how often\"}}}";

static int run(const millrace_job *job, const millrace_context *context) {
    parameters all;
    parameters_open(&all, job);
    const char *who = parameters_text(&all, "who", "world");
    int64_t times = parameters_integer(&all, "times", 1, 1, TIMES_MAX);
    if (parameters_refused(&all, context)) return MILLRACE_FAILED;
    if (strlen(who) > TEXT_MAX / TIMES_MAX / 2) {
        return job_fail(context, "name_too_long", FAIL_FOR_GOOD, "`who` has %zu bytes", strlen(who));
    }

    char text[TEXT_MAX];
    size_t length = 0;
    for (int64_t i = 0; i < times; i++) {
        if (context->cancelled(context)) {
            return job_fail(context, "cancelled", FAIL_RETRYABLE, "the job was asked to stop");
        }
        length += (size_t)snprintf(text + length, sizeof text - length, "Hello, %s!\n", who);
        job_progress(context, (double)(i + 1) / (double)times, "greeting");
    }
    job_log(context, MILLRACE_LOG_INFO, "greeted %s", who);
    return job_result(context, text, length, "text/plain; charset=utf-8");
}

static const millrace_handler handlers[] = {{
    .size = sizeof(millrace_handler),
    .name = "nameless",
    .summary = "Greets somebody",
    .parameter_schema = schema,
    .run = run,
}};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "nameless",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = 1,
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) { return &plugin; }
