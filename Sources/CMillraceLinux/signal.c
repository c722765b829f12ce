/* Signals. Swift can't do it: sigaction's handler is a union, and what runs in a handler must be
 * async-signal-safe, which no Swift code promises. */
#include "millrace_linux.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

void millrace_reset_signals(void) {
    /* The kernel's struct sigaction, all zero: SIG_DFL. Not libc's function: it refuses the two signals that
     * libc keeps for itself, and an ignored one would stay ignored in every program that is started. */
    static const unsigned long standard[8];
    for (int number = 1; number < NSIG; number++) {
        syscall(SYS_rt_sigaction, number, standard, NULL, (size_t)NSIG / 8); /* SIGKILL and SIGSTOP refuse */
    }
}

int32_t millrace_block_signals(int32_t all) {
    sigset_t set;
    if (all) {
        sigfillset(&set);
    } else {
        sigemptyset(&set);
    }
    return sigprocmask(SIG_SETMASK, &set, NULL) < 0 ? -errno : 0;
}

const char *millrace_signal_name(int32_t signal) { return sigabbrev_np(signal); }

int32_t millrace_signal_descriptor(void) {
    static const int32_t signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
    return millrace_signal_descriptor_for(signals, 4);
}

int32_t millrace_signal_descriptor_for(const int32_t *signals, int32_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (int32_t i = 0; i < count; i++) sigaddset(&set, signals[i]);
    int result = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return result < 0 ? -errno : result;
}

int32_t millrace_signal_read(int32_t descriptor) {
    struct signalfd_siginfo info;
    ssize_t result = read(descriptor, &info, sizeof info);
    if (result < 0) return errno == EAGAIN ? 0 : -errno;
    return (int32_t)info.ssi_signo;
}

static volatile sig_atomic_t terminated;
static volatile int32_t *termination_note;

static void note_termination(int number) {
    (void)number;
    terminated = 1;
    *termination_note = 1;
}

int32_t millrace_watch_termination(int32_t *note) {
    termination_note = note;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = note_termination;
    return sigaction(SIGTERM, &action, NULL) < 0 ? -errno : 0;
}

int32_t millrace_terminated(void) { return terminated; }
