/* archiver: trees into archives, and archives into trees, by libarchive. */
#include "archiver.h"

#include <locale.h>
#include <string.h>

int archiver_use_utf8(const millrace_context *context) {
    if (setlocale(LC_CTYPE, "C.UTF-8") != NULL) return MILLRACE_OK;
    return job_fail(context, "no_locale", FAIL_FOR_GOOD, "this system has no locale `C.UTF-8`");
}

int archiver_answer(json_t *object, const millrace_context *context) {
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text == NULL) return job_fail(context, "no_memory", FAIL_RETRYABLE, "no memory for the report");
    return job_result(context, text, strlen(text), "application/json");
}

static const millrace_limits limits = {
    .size = sizeof(millrace_limits),
    .memory_bytes = 256 << 20,
    .cpu_millis = 1000,
    .pids = 4,
};

static const millrace_handler handlers[] = {
    {
        .size = sizeof(millrace_handler),
        .name = "file.archive",
        .summary = "Packs a directory into a tar.zst, tar.gz or zip file",
        .parameter_schema = archive_schema,
        .run = archive_run,
        .limits = &limits,
        .timeout_ms = 6 * 3600000,
    },
    {
        .size = sizeof(millrace_handler),
        .name = "file.extract",
        .summary = "Unpacks a tar or zip archive into a new directory",
        .parameter_schema = extract_schema,
        .run = extract_run,
        .limits = &limits,
        .timeout_ms = 6 * 3600000,
    },
};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "archiver",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = 2,
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) {
    return &plugin;
}
