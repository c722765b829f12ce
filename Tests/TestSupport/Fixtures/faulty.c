/* A plugin with the one fault that FAULT_… asks for. */
#define _GNU_SOURCE
#include "millrace.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int run(const millrace_job *job, const millrace_context *context) {
    (void)job;
    (void)context;
    return MILLRACE_OK;
}

/* A handler of a newer interface: longer than ours. */
struct newer_handler {
    millrace_handler handler;
    int64_t appended[3];
};

static struct newer_handler newer[2];
static char older[4 * sizeof(millrace_handler)] __attribute__((aligned(16)));
static millrace_handler handlers[257];
static millrace_limits limits = {.size = sizeof(millrace_limits)};
static char long_text[2 << 20];
static const char *const problems[] = {"one.py: it is bad", "two", NULL};

static millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "faulty",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = 1,
};

__attribute__((constructor)) static void construct(void) {
#if defined(FAULT_CRASH)
    raise(SIGSEGV);
#elif defined(FAULT_HANG)
    for (;;) pause();
#elif defined(FAULT_SPIN)
    for (;;) __asm__ volatile("");
#elif defined(FAULT_EXIT)
    exit(0);
#elif defined(FAULT_NOISE)
    char garbage[256];
    memset(garbage, '{', sizeof garbage);
    for (int i = 0; i < 256; i++) {
        ssize_t ignored = write(i, garbage, sizeof garbage);
        (void)ignored;
    }
#elif defined(FAULT_DAEMON)
    if (fork() == 0) {
        setsid();
        if (fork() == 0)
            for (;;) pause();
        _exit(0);
    }
#elif defined(FAULT_WRITE)
    /* Files can't be written: SIGXFSZ. */
    FILE *file = tmpfile();
    fputs("something", file);
    fflush(file);
#endif
}

static void spoil_plugin(void) {
#if defined(FAULT_NEWER_ABI)
    plugin.abi = 99;
#elif defined(FAULT_NO_ABI)
    plugin.abi = 0;
#elif defined(FAULT_SMALL_PLUGIN)
    plugin.size = 24;
#elif defined(FAULT_HUGE_PLUGIN)
    plugin.size = (size_t)-1;
#elif defined(FAULT_SMALL_HANDLER)
    handlers[0].size = 8;
#elif defined(FAULT_UNEQUAL_HANDLERS)
    handlers[1].size = sizeof(millrace_handler) + 8;
    handlers[1].name = "second";
    plugin.handler_count = 2;
#elif defined(FAULT_NO_HANDLERS)
    plugin.handler_count = 0;
#elif defined(FAULT_NULL_HANDLERS)
    plugin.handlers = NULL;
#elif defined(FAULT_MANY_HANDLERS)
    plugin.handler_count = 257;
#elif defined(FAULT_DUPLICATE)
    plugin.handler_count = 2;
#elif defined(FAULT_PLUGIN_NAME)
    plugin.name = "9lives";
#elif defined(FAULT_NO_VERSION)
    plugin.version = NULL;
#elif defined(FAULT_HAS_FILES)
    /* No fault: what its handlers are depends on its files. */
    plugin.flags = MILLRACE_HAS_FILES;
    plugin.handler_count = 0;
    plugin.problems = problems;
#elif defined(FAULT_OLDER_PLUGIN)
    /* No fault either: what stands behind it is none of it. */
    plugin.size = offsetof(millrace_plugin, problems);
    plugin.problems = (const char *const *)64;
#elif defined(FAULT_REFUSAL)
    plugin.handler_count = 0;
    plugin.refusal = "its words are\nmissing";
#endif
    (void)problems;
}

static void spoil_handlers(void) {
#if defined(FAULT_BAD_NAME)
    handlers[0].name = "No spaces\n";
#elif defined(FAULT_NULL_NAME)
    handlers[0].name = NULL;
#elif defined(FAULT_LONG_NAME)
    handlers[0].name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
#elif defined(FAULT_NULL_RUN)
    handlers[0].run = NULL;
#elif defined(FAULT_NEGATIVE)
    handlers[0].timeout_ms = -1;
#elif defined(FAULT_NEGATIVE_LIMIT)
    limits.pids = -1;
    handlers[0].limits = &limits;
#elif defined(FAULT_LIMITS_SIZE)
    limits.size = 4;
    handlers[0].limits = &limits;
#elif defined(FAULT_WILD_POINTER)
    plugin.handlers = (const millrace_handler *)64;
#elif defined(FAULT_WILD_TEXT)
    handlers[0].summary = (const char *)64;
#elif defined(FAULT_NOT_UTF8)
    handlers[0].summary = "caf\xe9";
#elif defined(FAULT_LONG_MANIFEST)
    memset(long_text, 'a', sizeof long_text - 1);
    handlers[0].summary = long_text;
#elif defined(FAULT_NEWER_HANDLERS)
    /* No fault: handlers of a newer Millrace with the same ABI. */
    for (int i = 0; i < 2; i++) {
        newer[i].handler = handlers[i];
        newer[i].handler.size = sizeof newer[i];
        newer[i].handler.name = i ? "second" : "first";
    }
    plugin.handlers = &newer[0].handler;
    plugin.handler_count = 2;
#elif defined(FAULT_OLDER_HANDLERS)
    /* No fault either: what stands behind the last one is none of it. */
    for (int i = 0; i < 2; i++) {
        handlers[i].size = offsetof(millrace_handler, prepare);
        handlers[i].name = i ? "second" : "first";
        memcpy(older + i * handlers[i].size, &handlers[i], handlers[i].size);
    }
    memset(older + 2 * handlers[0].size, 0xff, handlers[0].size);
    plugin.handlers = (const millrace_handler *)older;
    plugin.handler_count = 2;
#endif
    (void)older;
    (void)newer;
    (void)limits;
    (void)long_text;
}

static void fill_in(void) {
    for (int i = 0; i < 257; i++) {
        handlers[i].size = sizeof(millrace_handler);
        handlers[i].name = "first";
        handlers[i].run = run;
    }
    spoil_plugin();
    spoil_handlers();
}

#if !defined(FAULT_NO_SYMBOL)
MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) {
    fill_in();
#if defined(FAULT_NULL)
    return NULL;
#elif defined(FAULT_CRASH_LATER)
    abort();
#endif
    return &plugin;
}
#else
void unused(void) { fill_in(); }
#endif
