/* balloon: takes memory, to try memory limits with. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "parameters.h"

static const char schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"memory\"],\"properties\":{"
    "\"memory\":{\"type\":[\"string\",\"integer\"],\"minimum\":1,\"minLength\":1,"
    "\"description\":\"how much it takes: bytes, or a text such as 256M\"},"
    "\"step\":{\"type\":[\"string\",\"integer\"],\"minimum\":1,\"minLength\":1,\"default\":\"16M\","
    "\"description\":\"how much at once\"},"
    "\"hold\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1000000,\"default\":0,"
    "\"description\":\"seconds for which it keeps the memory\"}}}";

/* Writes to each page. */
__attribute__((noinline)) static void touch(volatile unsigned char *memory, size_t length, size_t page) {
    for (size_t at = 0; at < length; at += page) memory[at] = 1;
}

/* Keeps the loop's own code in memory. Without it a kernel may reclaim that page and read it back for ever at
 * the edge of the limit, instead of seeing that the group is out of memory. */
static void pin_loop(size_t page, const millrace_context *context) {
    uintptr_t code = (uintptr_t)touch & ~(uintptr_t)(page - 1);
    if (mlock((const void *)code, 2 * page) == 0) return;
    job_log(context, MILLRACE_LOG_DEBUG, "cannot lock two pages of code: %s", strerror(errno));
}

/* Waits, and says once a second how long it will still do so. Returns 1 if the job was cancelled. */
static int hold_for(double seconds, const millrace_context *context) {
    double end = clock_seconds(CLOCK_MONOTONIC) + seconds;
    for (double left = seconds; left > 0; left = end - clock_seconds(CLOCK_MONOTONIC)) {
        if (context->cancelled(context)) return 1;
        job_progress(context, 1, "holding for %.0f more s", left);
        job_doze(context, left);
    }
    return context->cancelled(context);
}

static int run(const millrace_job *job, const millrace_context *context) {
    parameters all;
    parameters_open(&all, job);
    int64_t memory = parameters_size(&all, "memory", 0);
    int64_t step = parameters_size(&all, "step", 16 << 20);
    double hold = parameters_number(&all, "hold", 0, 1e6);
    if (memory == 0) parameters_refuse(&all, "`memory` must be more than 0");
    if (step == 0) parameters_refuse(&all, "`step` must be more than 0");
    if (parameters_refused(&all, context)) return MILLRACE_FAILED;

    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *taken = mmap(NULL, (size_t)memory, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (taken == MAP_FAILED) {
        return job_fail(context, "no_memory", FAIL_RETRYABLE, "cannot map %lld bytes: %s", (long long)memory,
                        strerror(errno));
    }
    madvise(taken, (size_t)memory, MADV_NOHUGEPAGE); /* So that each page is taken one by one. */
    pin_loop(page, context);
    for (int64_t done = 0; done < memory;) {
        int64_t length = memory - done < step ? memory - done : step;
        if (context->cancelled(context)) break;
        touch(taken + done, (size_t)length, page);
        done += length;
        job_progress(context, (double)done / (double)memory, "%.1f MiB taken", (double)done / (1 << 20));
    }
    if (hold_for(hold, context)) {
        return job_fail(context, "cancelled", FAIL_RETRYABLE, "cancelled with the memory taken");
    }
    job_log(context, MILLRACE_LOG_INFO, "took %.1f MiB", (double)memory / (1 << 20));
    return MILLRACE_OK;
}

static const millrace_handler handlers[] = {{
    .size = sizeof(millrace_handler),
    .name = "balloon",
    .summary = "Takes memory, to try limits with",
    .parameter_schema = schema,
    .run = run,
    .max_attempts = 1,
}};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "balloon",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = 1,
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) {
    return &plugin;
}
