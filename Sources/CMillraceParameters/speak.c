#include "parameters.h"

#include <stdarg.h>
#include <stdio.h>

/* Longer messages are cut; a path may take 4,096 bytes. */
enum { MESSAGE_MAX = 6000 };

#define FORMAT_INTO(buffer, format)                       \
    do {                                                  \
        va_list values;                                   \
        va_start(values, format);                         \
        vsnprintf(buffer, sizeof buffer, format, values); \
        va_end(values);                                   \
    } while (0)

void job_log(const millrace_context *context, int level, const char *format, ...) {
    char message[MESSAGE_MAX];
    FORMAT_INTO(message, format);
    context->log(context, level, message, NULL, 0);
}

void job_progress(const millrace_context *context, double fraction, const char *format, ...) {
    char message[MESSAGE_MAX];
    FORMAT_INTO(message, format);
    context->progress(context, fraction, message);
}

int job_result(const millrace_context *context, const void *bytes, size_t length, const char *media_type) {
    if (context->set_result(context, bytes, length, media_type) == MILLRACE_OK) return MILLRACE_OK;
    return job_fail(context, "result_refused", FAIL_FOR_GOOD,
                    "a result of %zu bytes is not taken; the log tells why", length);
}

int job_snooze(const millrace_context *context, double seconds, const char *format, ...) {
    char message[MESSAGE_MAX];
    FORMAT_INTO(message, format);
    if (MILLRACE_HAS(context, snooze)) {
        int answer = context->snooze(context, (int64_t)(seconds * 1000), message);
        if (answer == MILLRACE_SNOOZED) return answer;
    }
    return job_fail(context, "snooze_refused", FAIL_RETRYABLE, "a snooze of %.0f s is not taken", seconds);
}

int job_fail(const millrace_context *context, const char *code, int retryable, const char *format, ...) {
    char message[MESSAGE_MAX];
    FORMAT_INTO(message, format);
    context->fail(context, code, message, retryable);
    return MILLRACE_FAILED;
}
