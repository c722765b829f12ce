/* A plugin that comes in several builds: BUILD tells them apart, other macros what is wrong with one. */
#define _GNU_SOURCE
#include "millrace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_OF(word) #word
#define TEXT(word) TEXT_OF(word)

#ifndef NAME
#define NAME build
#endif
#ifndef COUNT
#define COUNT 2
#endif

void nobody_has_this(void);

/* Says which build it is, as whom it runs, and the variable GREETING. */
static int work(const millrace_job *job, const millrace_context *context) {
    char text[256];
    const char *greeting = getenv("GREETING");
    (void)job;
#ifdef CRASHES
    abort();
#endif
#ifdef MISSING
    nobody_has_this();
#endif
    if (!greeting) greeting = "-";
    int length = snprintf(text, sizeof text, "%s %d %s", TEXT(BUILD), (int)getuid(), greeting);
    return context->set_result(context, text, (size_t)length, "text/plain");
}

/* Waits for the file that its input names. */
static int hold(const millrace_job *job, const millrace_context *context) {
    char path[4096];
    (void)context;
    snprintf(path, sizeof path, "%.*s", (int)job->input_length, (const char *)job->input);
    while (access(path, F_OK) != 0) usleep(10000);
    return MILLRACE_OK;
}

#ifdef SLOW_LOAD
__attribute__((constructor)) static void load(void) { usleep(700000); }
#endif

static millrace_handler handlers[COUNT];
static char names[COUNT][32];

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = TEXT(NAME),
    .version = TEXT(BUILD),
    .handlers = handlers,
    .handler_count = COUNT,
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) {
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "more%d", i);
        handlers[i] = (millrace_handler){.size = sizeof(millrace_handler), .name = names[i], .run = work};
    }
    handlers[0].name = "work";
    handlers[0].summary = "says which build it is";
    handlers[1].name = "hold";
    handlers[1].run = hold;
#ifdef BAD_SCHEMA
    handlers[0].parameter_schema = "{\"type\": object}";
#endif
    return &plugin;
}
