/* try.c: does one job of a plugin in this process, without Millrace: for a first look and for tests.
 *
 *     try LIBRARY                              lists its handlers
 *     try LIBRARY HANDLER [PARAMETERS]         does a job; PARAMETERS is a JSON object
 *
 * The result goes to standard output, all else to standard error. The exit status is 0 if the job succeeds, 1
 * if it fails, 75 if it wants to be run again, 2 if the plugin can't be used. There is no control group here,
 * no limit, nobody checks the parameters or fills in defaults: that only Millrace does.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "millrace.h"

static volatile sig_atomic_t stopped;

static void *result;
static size_t result_length;

static void stop(int number) {
    (void)number;
    stopped = 1;
}

static int write_log(const millrace_context *context, int level, const char *message,
                     const millrace_field *fields, size_t count) {
    static const char *const levels[] = {"?", "debug", "info", "notice", "warning", "error"};
    (void)context;
    fprintf(stderr, "%s: %s", levels[level >= 1 && level <= 5 ? level : 0], message);
    for (size_t i = 0; i < count; i++) fprintf(stderr, " %s=%s", fields[i].name, fields[i].value);
    fputc('\n', stderr);
    return MILLRACE_OK;
}

static int show_progress(const millrace_context *context, double fraction, const char *message) {
    (void)context;
    fprintf(stderr, "%3.0f %% %s\n", fraction * 100, message != NULL ? message : "");
    return MILLRACE_OK;
}

static int keep_result(const millrace_context *context, const void *bytes, size_t length,
                       const char *media_type) {
    (void)context;
    (void)media_type;
    void *copy = realloc(result, length + 1);
    if (copy == NULL) return MILLRACE_FAILED;
    if (length > 0) memcpy(copy, bytes, length);
    result = copy;
    result_length = length;
    return MILLRACE_OK;
}

static int is_stopped(const millrace_context *context) {
    (void)context;
    return stopped;
}

static int say_failure(const millrace_context *context, const char *code, const char *message,
                       int retryable) {
    (void)context;
    fprintf(stderr, "failed (%s): %s%s\n", code, message, retryable ? "; another attempt may help" : "");
    return MILLRACE_FAILED;
}

static int say_snooze(const millrace_context *context, int64_t delay_ms, const char *why) {
    (void)context;
    fprintf(stderr, "again in %lld ms: %s\n", (long long)delay_ms, why != NULL ? why : "no reason given");
    return MILLRACE_SNOOZED;
}

static int note_checkpoint(const millrace_context *context, const void *bytes, size_t length) {
    (void)context;
    (void)bytes;
    fprintf(stderr, "saved %zu bytes\n", length);
    return MILLRACE_OK;
}

static int give_up(const char *what, const char *why) {
    fprintf(stderr, "try: %s: %s\n", what, why);
    return 2;
}

static const millrace_handler *handler_at(const millrace_plugin *plugin, size_t index) {
    return (const millrace_handler *)((const char *)plugin->handlers + index * plugin->handlers->size);
}

static int list(const millrace_plugin *plugin) {
    printf("%s %s\n", plugin->name, plugin->version);
    for (size_t i = 0; i < plugin->handler_count; i++) {
        const millrace_handler *handler = handler_at(plugin, i);
        const char *schema = handler->parameter_schema;
        printf("  %s: %s\n", handler->name, handler->summary);
        printf("    %s\n", schema != NULL ? schema : "no parameters");
    }
    return 0;
}

static int run(const millrace_handler *handler, const char *parameters) {
    millrace_context context = {
        .size = sizeof context, .log = write_log, .progress = show_progress, .set_result = keep_result,
        .cancelled = is_stopped, .fail = say_failure, .snooze = say_snooze, .checkpoint = note_checkpoint,
    };
    char directory[] = "/tmp/try-XXXXXX";
    if (mkdtemp(directory) == NULL) return give_up(directory, "cannot make it");
    millrace_job job = {
        .size = sizeof job, .id = 1, .attempt = 1, .handler = handler->name, .parameters = parameters,
        .parameters_length = strlen(parameters), .work_directory = directory,
    };
    int answer = handler->run(&job, &context);
    rmdir(directory);
    if (answer == MILLRACE_OK && result_length > 0) fwrite(result, 1, result_length, stdout);
    free(result);
    if (fflush(stdout) != 0) return give_up("the result", "cannot write it");
    return answer == MILLRACE_SNOOZED ? 75 : answer == MILLRACE_OK ? 0 : 1;
}

int main(int count, char **arguments) {
    if (count < 2 || count > 4) return give_up("usage", "try LIBRARY [HANDLER [PARAMETERS]]");
    signal(SIGTERM, stop);
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return give_up(arguments[1], dlerror());
    const millrace_plugin *(*describe)(void);
    *(void **)&describe = dlsym(library, "millrace_plugin_describe");
    if (describe == NULL) return give_up(arguments[1], "it does not export millrace_plugin_describe");
    const millrace_plugin *plugin = describe();
    if (plugin == NULL || plugin->abi != MILLRACE_ABI) {
        return give_up(arguments[1], "it is for another Millrace");
    }
    if (MILLRACE_HAS(plugin, refusal) && plugin->refusal != NULL) {
        return give_up(arguments[1], plugin->refusal);
    }
    if (count == 2) return list(plugin);
    for (size_t i = 0; i < plugin->handler_count; i++) {
        const millrace_handler *handler = handler_at(plugin, i);
        if (strcmp(handler->name, arguments[2]) == 0) return run(handler, count == 4 ? arguments[3] : "{}");
    }
    return give_up(arguments[2], "the plugin has no handler of this name");
}
