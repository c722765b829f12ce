#include "spin.h"

const char nap_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"seconds\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1000000,\"default\":0}}}";

int nap(const millrace_job *job, const millrace_context *context) {
    parameters all;
    parameters_open(&all, job);
    double seconds = parameters_number(&all, "seconds", 0, 1e6);
    if (parameters_refused(&all, context)) return MILLRACE_FAILED;
    if (seconds == 0) return MILLRACE_OK;

    double end = clock_seconds(CLOCK_MONOTONIC) + seconds;
    for (double left = seconds; left > 0; left = end - clock_seconds(CLOCK_MONOTONIC)) {
        if (context->cancelled(context)) {
            return job_fail(context, "cancelled", FAIL_RETRYABLE, "cancelled with %.1f s left", left);
        }
        job_progress(context, 1 - left / seconds, "%.0f s left", left);
        job_doze(context, left);
    }
    return MILLRACE_OK;
}
