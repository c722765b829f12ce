/* For `ppoll`. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <poll.h>
#include <signal.h>

#include "parameters.h"

double clock_seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void job_doze(const millrace_context *context, double seconds) {
    sigset_t term, before;
    struct timespec time = {.tv_sec = 1};
    if (seconds < 1) time = (struct timespec){.tv_nsec = (long)(seconds * 1e9)};
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    /* Held back between the question and the sleep, so that it can't slip in there. */
    pthread_sigmask(SIG_BLOCK, &term, &before);
    if (!context->cancelled(context)) ppoll(NULL, 0, &time, &before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
