/* What the plugin says of itself, and what Go can't call. */
#include "plugin.h"

#include "_cgo_export.h"

int job_cancelled(const millrace_context *context) { return context->cancelled(context); }

int job_log(const millrace_context *context, const char *message) {
    return context->log(context, MILLRACE_LOG_INFO, message, NULL, 0);
}

int job_progress(const millrace_context *context, double fraction, const char *message) {
    return context->progress(context, fraction, message);
}

int job_result(const millrace_context *context, const void *bytes, size_t length, const char *media_type) {
    return context->set_result(context, bytes, length, media_type);
}

int job_fail(const millrace_context *context, const char *code, const char *message, int retryable) {
    return context->fail(context, code, message, retryable);
}

static int run(const millrace_job *job, const millrace_context *context) {
    return go_run((void *)job, (void *)context);
}

/* What the runner checks the parameters against, and fills in, before it accepts a job. */
static const char schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"who\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":200,\"default\":\"world\","
    "\"description\":\"whom to greet\"},"
    "\"times\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100,\"default\":1,"
    "\"description\":\"how often\"}}}";

static const millrace_handler handlers[] = {{
    .size = sizeof(millrace_handler),
    .name = "nameless",
    .summary = "Greets somebody",
    .parameter_schema = schema,
    .run = run,
}};

/* Not MILLRACE_WARM: Go's runtime has threads as soon as it is loaded, which a fork would lose. */
static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "nameless",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = 1,
};

const millrace_plugin *millrace_plugin_describe(void) { return &plugin; }
