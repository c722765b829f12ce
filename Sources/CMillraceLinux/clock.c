#include "millrace_linux.h"

#include <errno.h>
#include <sys/timex.h>

int32_t millrace_clock_is_synchronised(void) {
    struct timex request = {.modes = 0};
    int state = adjtimex(&request);
    if (state < 0) return -errno;
    return state == TIME_ERROR ? 0 : 1;
}
