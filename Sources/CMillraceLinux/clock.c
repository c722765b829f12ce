#include "millrace_linux.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <unistd.h>

int32_t millrace_clock_is_synchronised(void) {
    struct timex request = {.modes = 0};
    int state = adjtimex(&request);
    if (state < 0) return -errno;
    return state == TIME_ERROR ? 0 : 1;
}

/* A timer that never ends, but that the kernel cancels when somebody sets the clock. */
static int32_t arm(int32_t timer) {
    struct itimerspec end = {.it_value = {.tv_sec = INT64_MAX}};
    return timerfd_settime(timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &end, NULL) ? -errno : 0;
}

int32_t millrace_clock_watch(void) {
    int32_t timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer < 0) return -errno;
    int32_t result = arm(timer);
    if (result == 0) return timer;
    close(timer);
    return result;
}

int32_t millrace_clock_was_set(int32_t timer) {
    uint64_t count;
    ssize_t length;
    do length = read(timer, &count, sizeof count);
    while (length < 0 && errno == EINTR);
    if (length >= 0) return 0;
    if (errno == EAGAIN) return 0;
    if (errno != ECANCELED) return -errno;
    int32_t result = arm(timer);
    return result < 0 ? result : 1;
}
