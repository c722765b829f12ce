/* Handlers for the launcher's tests: each does the one thing that its name says. Each that goes on until it
 * is stopped reports progress first, so that a test knows that it is there. */
#include "millrace.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void rest(long milliseconds) {
    struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0) {}
}

static int echo(const millrace_job *job, const millrace_context *context) {
    context->log(context, MILLRACE_LOG_INFO, "echoing", NULL, 0);
    return context->set_result(context, job->parameters, job->parameters_length, "application/json");
}

static int fails(const millrace_job *job, const millrace_context *context) {
    (void)job;
    return context->fail(context, "no_luck", "it did not work", 1);
}

static int crashes(const millrace_job *job, const millrace_context *context) {
    (void)job;
    (void)context;
    raise(SIGABRT);
    return MILLRACE_OK;
}

static int waits(const millrace_job *job, const millrace_context *context) {
    (void)job;
    context->progress(context, 0.5, "waiting");
    while (!context->cancelled(context)) rest(5);
    return context->fail(context, "cancelled", "asked to stop", 0);
}

static int stubborn(const millrace_job *job, const millrace_context *context) {
    (void)job;
    signal(SIGTERM, SIG_IGN);
    context->progress(context, 0.5, "ignoring");
    for (;;) pause();
}

/* Leaves a process behind that is nobody's child, in a session of its own, and that ignores SIGTERM. */
static int leaves_one(const millrace_job *job, const millrace_context *context) {
    (void)job;
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            signal(SIGTERM, SIG_IGN);
            for (;;) pause();
        }
        _exit(0);
    }
    return context->set_result(context, "left one", 8, NULL);
}

/* Leaves a process behind that has 256 MiB of memory; reports progress when it has, and ends 20 ms later. */
static int leaves_big(const millrace_job *job, const millrace_context *context) {
    const size_t size = (size_t)256 << 20;
    int ends[2];
    char word;
    (void)job;
    if (pipe(ends) != 0) return MILLRACE_FAILED;
    if (fork() == 0) {
        char *memory = malloc(size);
        if (memory != NULL) memset(memory, 1, size);
        if (memory == NULL || write(ends[1], memory, 1) != 1) _exit(1);
        for (;;) pause();
    }
    close(ends[1]);
    if (read(ends[0], &word, 1) != 1) return MILLRACE_FAILED;
    context->progress(context, 0.5, "leaving");
    rest(20);
    return MILLRACE_OK;
}

/* Closes what it has, and stays for a second. */
static int closes_everything(const millrace_job *job, const millrace_context *context) {
    (void)job;
    for (int i = 0; i < 1024; i++) close(i);
    rest(1000);
    return context->set_result(context, "still here", 10, "text/plain");
}

/* Reports progress as fast as it can for a second. */
static int floods_progress(const millrace_job *job, const millrace_context *context) {
    struct timespec now, start;
    (void)job;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        for (int i = 0; i < 100; i++) context->progress(context, 0.5, "more");
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 1000);
    context->progress(context, 1, "done");
    return MILLRACE_OK;
}

/* Writes 4 MiB, and a last word. */
static int floods_log(const millrace_job *job, const millrace_context *context) {
    static char line[1024];
    (void)job;
    (void)context;
    memset(line, 'x', sizeof line);
    for (int i = 0; i < 4096; i++) {
        if (write(STDOUT_FILENO, line, sizeof line) < 0) return MILLRACE_FAILED;
    }
    return write(STDOUT_FILENO, "the end", 7) == 7 ? MILLRACE_OK : MILLRACE_FAILED;
}

/* Sends what is no progress on every descriptor that takes it. */
static int sends_rubbish(const millrace_job *job, const millrace_context *context) {
    char rubbish[64];
    (void)job;
    memset(rubbish, 0xa5, sizeof rubbish);
    for (int i = 0; i < 1024; i++) send(i, rubbish, sizeof rubbish, MSG_DONTWAIT | MSG_NOSIGNAL);
    context->progress(context, 0.25, "after all");
    return MILLRACE_OK;
}

/* Wants to be run again. */
static int snoozes(const millrace_job *job, const millrace_context *context) {
    (void)job;
    context->set_result(context, "not kept", 8, NULL);
    return context->snooze(context, 300000, "the tide is out");
}

/* Saves two checkpoints, and waits. */
static int saves(const millrace_job *job, const millrace_context *context) {
    if (context->checkpoint(context, "first", 5) != MILLRACE_OK) return MILLRACE_FAILED;
    if (context->checkpoint(context, "second", 6) != MILLRACE_OK) return MILLRACE_FAILED;
    return waits(job, context);
}

/* Gives what it got as its result: the checkpoint, then each output. */
static int shows_past(const millrace_job *job, const millrace_context *context) {
    char text[4096];
    int length = snprintf(text, sizeof text, "[%.*s]", (int)job->checkpoint_length,
                          job->checkpoint ? (const char *)job->checkpoint : "");
    for (size_t i = 0; i < job->output_count; i++) {
        const millrace_output *output = MILLRACE_OUTPUT(job, i);
        length += snprintf(text + length, sizeof text - (size_t)length, " %s of %lld: %.*s (%s)",
                           output->name, (long long)output->job, (int)output->length,
                           output->bytes ? (const char *)output->bytes : "", output->media_type);
    }
    return context->set_result(context, text, (size_t)length, "text/plain");
}

#define HANDLER(function) \
    {.size = sizeof(millrace_handler), .name = #function, .summary = "Of the tests", .run = function}

static const millrace_limits limits = {
    .size = sizeof(millrace_limits), .memory_bytes = 64 << 20, .cpu_millis = 500, .pids = 8};

static const millrace_handler handlers[] = {
    {.size = sizeof(millrace_handler),
     .name = "echo",
     .summary = "Gives its parameters back",
     .parameter_schema = "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}}}",
     .run = echo,
     .limits = &limits,
     .timeout_ms = 2500,
     .max_attempts = 4,
     .retry_delay_ms = 1500,
     .concurrency = 2},
    HANDLER(fails),
    HANDLER(crashes),
    HANDLER(waits),
    HANDLER(stubborn),
    HANDLER(leaves_one),
    HANDLER(leaves_big),
    HANDLER(closes_everything),
    HANDLER(floods_progress),
    HANDLER(floods_log),
    HANDLER(sends_rubbish),
    HANDLER(snoozes),
    HANDLER(saves),
    HANDLER(shows_past),
};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "fixture",
    .version = "1.2.3",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof handlers[0],
};

#ifdef HANGS
__attribute__((constructor)) static void hang(void) {
    for (;;) pause();
}
#endif

#ifdef HANGS_WHILE
__attribute__((constructor)) static void hang_while(void) {
    while (access(HANGS_WHILE, F_OK) == 0) pause();
}
#endif

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) { return &plugin; }
