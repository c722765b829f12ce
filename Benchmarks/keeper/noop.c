/* noop: a plugin that links nothing and does nothing, so that only the way to it is measured. */
#include "millrace.h"

static int run(const millrace_job *job, const millrace_context *context) {
    (void)job;
    (void)context;
    return MILLRACE_OK;
}

static const millrace_handler handlers[] = {
    {.size = sizeof(millrace_handler), .name = "noop", .summary = "Does nothing", .run = run}};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin), .abi = MILLRACE_ABI, .name = "noop", .version = "1",
    .handlers = handlers, .handler_count = 1};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) { return &plugin; }
