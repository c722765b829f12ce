#include "spin.h"

const char nap_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"seconds\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1000000,\"default\":0},"
    "\"snooze_seconds\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1000000,\"default\":0}}}";

static const char mark[] = "snoozed";

/* Whether an earlier attempt has left its mark. */
static int has_snoozed(const millrace_job *job) {
    return MILLRACE_HAS(job, checkpoint_length) && job->checkpoint_length > 0;
}

/* Leaves a mark for the next attempt, and asks for one. */
static int snooze(const millrace_context *context, double seconds) {
    if (MILLRACE_HAS(context, checkpoint)) context->checkpoint(context, mark, sizeof mark - 1);
    return job_snooze(context, seconds, "as it was asked to, once");
}

int nap(const millrace_job *job, const millrace_context *context) {
    parameters all;
    parameters_open(&all, job);
    double seconds = parameters_number(&all, "seconds", 0, 1e6);
    double later = parameters_number(&all, "snooze_seconds", 0, 1e6);
    if (parameters_refused(&all, context)) return MILLRACE_FAILED;
    double end = clock_seconds(CLOCK_MONOTONIC) + seconds;
    for (double left = seconds; left > 0; left = end - clock_seconds(CLOCK_MONOTONIC)) {
        if (context->cancelled(context)) {
            return job_fail(context, "cancelled", FAIL_RETRYABLE, "cancelled with %.1f s left", left);
        }
        job_progress(context, 1 - left / seconds, "%.0f s left", left);
        job_doze(context, left);
    }
    return later > 0 && !has_snoozed(job) ? snooze(context, later) : MILLRACE_OK;
}
