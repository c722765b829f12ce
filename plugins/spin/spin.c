/* spin: three handlers to try limits, priorities and cancellation with. */
#include "spin.h"

static const millrace_handler handlers[] = {
    {
        .size = sizeof(millrace_handler),
        .name = "spin",
        .summary = "Burns processor time, to try limits with",
        .parameter_schema = burn_schema,
        .run = burn,
        .max_attempts = 1,
    },
    {
        .size = sizeof(millrace_handler),
        .name = "forks",
        .summary = "Forks children and counts those refused, to try limits with",
        .parameter_schema = forks_schema,
        .run = forks,
        .max_attempts = 1,
    },
    {
        .size = sizeof(millrace_handler),
        .name = "sleep",
        .summary = "Does nothing for some seconds",
        .parameter_schema = nap_schema,
        .run = nap,
        .max_attempts = 1,
    },
};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "spin",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof handlers[0],
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) {
    return &plugin;
}
