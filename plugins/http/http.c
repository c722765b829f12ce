/* http: requests and signed messages to other machines, by libcurl. */
#include "call.h"
#include "webhook.h"

/* An answer of 8 MiB, the default, as JSON at its worst: each byte takes six there. */
static const millrace_limits call_limits = {
    .size = sizeof(millrace_limits),
    .memory_bytes = 128 << 20,
    .pids = 16,
};

static const millrace_limits webhook_limits = {
    .size = sizeof(millrace_limits),
    .memory_bytes = 64 << 20,
    .pids = 16,
};

/* An attempt may run a little longer than the longest `timeout`, which tells better what was slow. */
enum { LONGEST_MS = 3660 * 1000 };

static const millrace_handler handlers[] = {
    {
        .size = sizeof(millrace_handler),
        .name = "http.request",
        .summary = "Makes an HTTP request and keeps the answer",
        .parameter_schema = call_schema,
        .run = call,
        .limits = &call_limits,
        .timeout_ms = LONGEST_MS,
        .max_attempts = 4,
        .flags = MILLRACE_UNRELATED_JOBS,
        .retry_delay_ms = 5000,
        .concurrency = 16,
    },
    {
        .size = sizeof(millrace_handler),
        .name = "notify.webhook",
        .summary = "Sends a signed message to a webhook",
        .parameter_schema = webhook_schema,
        .run = webhook,
        .limits = &webhook_limits,
        .timeout_ms = LONGEST_MS,
        .max_attempts = 10,
        .flags = MILLRACE_UNRELATED_JOBS,
        .retry_delay_ms = 5000,
        .concurrency = 16,
    },
};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "http",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof handlers[0],
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) { return &plugin; }
