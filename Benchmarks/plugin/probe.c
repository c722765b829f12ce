/* probe: a plugin that links nothing and does next to nothing, so that only the way to it is measured. */
#define _GNU_SOURCE
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "millrace.h"

static int noop(const millrace_job *job, const millrace_context *context) {
    (void)job;
    (void)context;
    return MILLRACE_OK;
}

/* Takes 10 ms of time and nothing of a processor. */
static int nap(const millrace_job *job, const millrace_context *context) {
    (void)job;
    (void)context;
    struct timespec left = {.tv_nsec = 10 * 1000 * 1000};
    while (nanosleep(&left, &left) != 0) {}
    return MILLRACE_OK;
}

/* Its result is when it began: nanoseconds of CLOCK_MONOTONIC, which all processes share. */
static int moment(const millrace_job *job, const millrace_context *context) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    (void)job;
    char text[32];
    int length = snprintf(text, sizeof text, "%lld", now.tv_sec * 1000000000LL + now.tv_nsec);
    return context->set_result(context, text, (size_t)length, "text/plain");
}

/* Does nothing until it is ended. */
static int rest(const millrace_job *job, const millrace_context *context) {
    (void)job;
    while (!context->cancelled(context)) pause();
    return MILLRACE_OK;
}

static const millrace_handler handlers[] = {
    {.size = sizeof(millrace_handler), .name = "noop", .summary = "Does nothing", .run = noop},
    {.size = sizeof(millrace_handler), .name = "nap", .summary = "Sleeps for 10 ms", .run = nap},
    {.size = sizeof(millrace_handler), .name = "moment", .summary = "Tells when it began", .run = moment},
    {.size = sizeof(millrace_handler), .name = "rest", .summary = "Waits to be ended", .run = rest},
};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin), .abi = MILLRACE_ABI, .name = "probe", .version = "1",
    .handlers = handlers, .handler_count = sizeof handlers / sizeof handlers[0]};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) { return &plugin; }
