#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "spin.h"

enum { THREADS_MAX = 256 };

const char burn_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"seconds\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1000000,"
    "\"description\":\"ends after so many seconds by the clock; default: 1 if cpu_seconds is not given\"},"
    "\"cpu_seconds\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1000000,"
    "\"description\":\"ends after so many seconds of processor time of all threads together\"},"
    "\"threads\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":256,\"default\":1},"
    "\"ignore_term\":{\"type\":\"boolean\",\"default\":false,"
    "\"description\":\"goes on when it is asked to stop, to try the grace period\"}}}";

static atomic_int over;

/* Some work that no compiler removes. */
static void work(void) {
    static _Thread_local volatile unsigned state = 1;
    for (int i = 0; i < 100000; i++) state = state * 1664525u + 1013904223u;
}

static void *burn_on(void *nothing) {
    while (!atomic_load_explicit(&over, memory_order_relaxed)) work();
    return nothing;
}

/* Burns on this thread too, until the time is up. Returns 1 if the job was cancelled. */
static int burn_until(double seconds, double cpu_seconds, int ignores_term, const millrace_context *context) {
    enum { REPORTS_A_SECOND = 10 };
    double began = clock_seconds(CLOCK_MONOTONIC), report_at = 0;
    for (;;) {
        double passed = clock_seconds(CLOCK_MONOTONIC) - began;
        double burnt = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
        double by_clock = seconds > 0 ? passed / seconds : 0;
        double by_cpu = cpu_seconds > 0 ? burnt / cpu_seconds : 0;
        double fraction = by_clock > by_cpu ? by_clock : by_cpu;
        if (passed >= report_at) {
            job_progress(context, fraction < 1 ? fraction : 1, "%.1f s of processor time burnt", burnt);
            report_at = passed + 1.0 / REPORTS_A_SECOND;
        }
        if (fraction >= 1) return 0;
        if (!ignores_term && context->cancelled(context)) return 1;
        work();
    }
}

int burn(const millrace_job *job, const millrace_context *context) {
    parameters all;
    parameters_open(&all, job);
    double cpu_seconds = parameters_number(&all, "cpu_seconds", 0, 1e6);
    double seconds = parameters_number(&all, "seconds", cpu_seconds > 0 ? 0 : 1, 1e6);
    int threads = (int)parameters_integer(&all, "threads", 1, 1, THREADS_MAX);
    int ignores_term = parameters_flag(&all, "ignore_term", 0);
    if (parameters_refused(&all, context)) return MILLRACE_FAILED;
    if (seconds == 0 && cpu_seconds == 0) return MILLRACE_OK;

    pthread_t others[THREADS_MAX];
    int started = 0, problem = 0;
    while (problem == 0 && started < threads - 1) {
        problem = pthread_create(&others[started], NULL, burn_on, NULL);
        if (problem == 0) started++;
    }
    int cancelled = problem == 0 && burn_until(seconds, cpu_seconds, ignores_term, context);
    atomic_store(&over, 1);
    for (int i = 0; i < started; i++) pthread_join(others[i], NULL);
    if (problem != 0) {
        return job_fail(context, "no_thread", FAIL_RETRYABLE, "cannot start thread %d of %d: %s", started + 2,
                        threads, strerror(problem));
    }
    if (cancelled) return job_fail(context, "cancelled", FAIL_RETRYABLE, "cancelled while burning");
    job_log(context, MILLRACE_LOG_INFO, "burnt %.2f s of processor time",
            clock_seconds(CLOCK_PROCESS_CPUTIME_ID));
    return MILLRACE_OK;
}
