/* What the header wants of a plugin in C, and cgo can't say. */
#include "millrace.h"
#include "_cgo_export.h"

int millrace_go_result(const millrace_context *context, void *bytes, size_t length) {
    return context->set_result(context, bytes, length, "text/plain");
}

static int run(const millrace_job *job, const millrace_context *context) {
    return millrace_go_run((void *)job, (void *)context);
}

static const millrace_handler handlers[] = {
    {.size = sizeof(millrace_handler), .name = "goes", .summary = "Counts in Go.", .run = run}};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .flags = MILLRACE_WARM,
    .name = "go",
    .version = "1.0.0",
    .handlers = handlers,
    .handler_count = 1,
};

const millrace_plugin *millrace_plugin_describe(void) { return &plugin; }
