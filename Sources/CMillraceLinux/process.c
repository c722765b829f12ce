/* Processes: clone3, exec, waiting. Swift can't do it: clone3 has no libc wrapper, vfork must not return from
 * its frame, and waitid fills a union. */
#include "millrace_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* Where libc keeps the thread's id; the kernel must refresh it in a child, as in libc's own fork. */
static uint64_t thread_id_address(void) {
    static uint64_t address;
    int *found = NULL;
    if (address == 0 && prctl(PR_GET_TID_ADDRESS, &found, 0, 0, 0) == 0) address = (uintptr_t)found;
    return address;
}

static void set_cgroup(struct clone_args *args, int32_t cgroup) {
    if (cgroup < 0) return;
    args->flags |= CLONE_INTO_CGROUP;
    args->cgroup = (uint64_t)cgroup;
}

static int32_t clone_process(struct clone_args *args) {
    args->child_tid = thread_id_address();
    /* A kernel without checkpoint support does not tell the address: libc's copy of the id is then stale
     * in the child, which only error-checking mutexes notice. */
    if (args->child_tid != 0) args->flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    long pid = syscall(SYS_clone3, args, sizeof *args);
    return pid < 0 ? -errno : (int32_t)pid;
}

int32_t millrace_fork(int32_t cgroup, int32_t *pidfd) {
    int descriptor = -1;
    struct clone_args args = {
        .flags = CLONE_PIDFD, .pidfd = (uintptr_t)&descriptor, .exit_signal = SIGCHLD};
    set_cgroup(&args, cgroup);
    int32_t pid = clone_process(&args);
    *pidfd = pid > 0 ? descriptor : -1;
    return pid;
}

int32_t millrace_fork_sibling(int32_t cgroup) {
    /* The exit signal is the caller's own. */
    struct clone_args args = {.flags = CLONE_PARENT};
    set_cgroup(&args, cgroup);
    return clone_process(&args);
}

/* What parent and child of a `millrace_spawn` share. */
struct spawning {
    const millrace_program *program;
    volatile int error;
};

/* The child of a vfork: async-signal-safe calls only, and no way back. */
static void __attribute__((noinline, noreturn)) load_program(struct spawning *spawning) {
    const millrace_program *program = spawning->program;
    int copies[MILLRACE_PACKET_DESCRIPTORS];
    const int count = program->descriptor_count;
    sigset_t none;

    millrace_reset_signals();
    /* Two passes, so that no source is overwritten before it was copied. */
    for (int i = 0; i < count; i++) {
        copies[i] = fcntl(program->descriptors[i], F_DUPFD_CLOEXEC, MILLRACE_PACKET_DESCRIPTORS);
        if (copies[i] < 0) goto failed;
    }
    for (int i = 0; i < count; i++) {
        if (dup2(copies[i], i) < 0) goto failed;
    }
    if (syscall(SYS_close_range, count, ~0U, CLOSE_RANGE_CLOEXEC) < 0) goto failed;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) < 0) goto failed;
    execve(program->path, program->arguments, program->environment);
failed:
    spawning->error = errno;
    _exit(127);
}

/* clone3 as an instruction: the child runs on the parent's stack, so it must not return through a libc
 * function's frame that the parent still needs. */
static inline __attribute__((always_inline)) long clone3_in_place(struct clone_args *args, size_t size) {
#if defined(__x86_64__)
    long result = SYS_clone3;
    __asm__ volatile("syscall" : "+a"(result) : "D"(args), "S"(size) : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long number __asm__("x8") = SYS_clone3;
    register long result __asm__("x0") = (long)args;
    register size_t second __asm__("x1") = size;
    __asm__ volatile("svc 0" : "+r"(result) : "r"(number), "r"(second) : "memory");
    return result;
#else
#error "millrace runs on x86-64 and arm64"
#endif
}

int32_t millrace_spawn(const millrace_program *program, int32_t *pidfd) {
    if (program->descriptor_count < 0 || program->descriptor_count > MILLRACE_PACKET_DESCRIPTORS) {
        return -EINVAL;
    }
    struct spawning spawning = {.program = program, .error = 0};
    int descriptor = -1;
    struct clone_args args = {.flags = CLONE_PIDFD | CLONE_VM | CLONE_VFORK,
                              .pidfd = (uintptr_t)&descriptor,
                              .exit_signal = SIGCHLD};
    set_cgroup(&args, program->cgroup);

    /* A handler that ran in the child would run in the parent's memory. */
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    long pid = clone3_in_place(&args, sizeof args);
    if (pid == 0) load_program(&spawning);
    sigprocmask(SIG_SETMASK, &before, NULL);

    if (pid < 0) return (int32_t)pid;
    if (spawning.error != 0) {
        millrace_ending ending;
        millrace_wait_pidfd(descriptor, 1, &ending);
        close(descriptor);
        return -spawning.error;
    }
    *pidfd = descriptor;
    return (int32_t)pid;
}

int32_t millrace_execute(const char *path, char *const *arguments, char *const *environment) {
    execve(path, arguments, environment);
    return -errno;
}

int32_t millrace_lead_group(void) { return syscall(SYS_setpgid, 0, 0) < 0 ? -errno : 0; }

int32_t millrace_set_name(const char *name) {
    return prctl(PR_SET_NAME, name, 0, 0, 0) < 0 ? -errno : 0;
}

void millrace_flush_streams(void) { fcloseall(); }

void millrace_write_streams(void) { fflush(NULL); }

void millrace_trim_heap(void) { malloc_trim(0); }

char **millrace_environment(void) {
    return environ;
}

void millrace_set_environment(char **environment) { environ = environment; }

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int32_t wait_for(idtype_t type, id_t id, int options, millrace_ending *ending) {
    siginfo_t info;
    int result;
    do {
        memset(&info, 0, sizeof info);
        result = waitid(type, id, &info, options);
    } while (result < 0 && errno == EINTR);
    if (result < 0) return -errno;
    if (info.si_pid == 0) return 0;
    ending->time_us = now_us();
    ending->pid = info.si_pid;
    ending->code = info.si_code;
    ending->status = info.si_status;
    return 1;
}

int32_t millrace_wait_pidfd(int32_t pidfd, int32_t wait, millrace_ending *ending) {
    return wait_for((idtype_t)P_PIDFD, (id_t)pidfd, WEXITED | (wait ? 0 : WNOHANG), ending);
}

int32_t millrace_reap_child(int32_t pid) {
    millrace_ending ending;
    const int32_t result = wait_for(P_PID, (id_t)pid, WEXITED | WNOHANG, &ending);
    return result == 1 ? 0 : result < 0 ? result : -EAGAIN;
}

int32_t millrace_peek(millrace_ending *ending) {
    return wait_for(P_ALL, 0, WEXITED | WNOHANG | WNOWAIT, ending);
}

int32_t millrace_is_child(int32_t pidfd) {
    millrace_ending ending;
    return wait_for((idtype_t)P_PIDFD, (id_t)pidfd, WEXITED | WNOHANG | WNOWAIT, &ending) >= 0;
}

int32_t millrace_pidfd_open(int32_t pid) {
    long result = syscall(SYS_pidfd_open, pid, 0);
    return result < 0 ? -errno : (int32_t)result;
}

int32_t millrace_pidfd_send_signal(int32_t pidfd, int32_t signal) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

/* As in <linux/pidfd.h> since Linux 6.13, the exit since 6.15; older headers lack it. The kernel fills in
 * what it knows of it. */
struct process_description {
    uint64_t mask;
    uint64_t cgroup;
    uint32_t ids[11];
    int32_t exit_code; /* a wait status */
};
#define DESCRIBE_PROCESS _IOWR(0xFF, 11, struct process_description)
#define DESCRIBES_CGROUP (UINT64_C(1) << 2)
#define DESCRIBES_EXIT (UINT64_C(1) << 3)

int32_t millrace_pidfd_cgroup(int32_t pidfd, uint64_t *cgroup) {
    struct process_description description = {.mask = DESCRIBES_CGROUP};
    if (ioctl(pidfd, DESCRIBE_PROCESS, &description) < 0) return -errno;
    if ((description.mask & DESCRIBES_CGROUP) == 0) return -ENODATA;
    *cgroup = description.cgroup;
    return 0;
}

int32_t millrace_pidfd_ending(int32_t pidfd, millrace_ending *ending) {
    struct process_description description = {.mask = DESCRIBES_EXIT};
    if (ioctl(pidfd, DESCRIBE_PROCESS, &description) < 0) return -errno;
    if ((description.mask & DESCRIBES_EXIT) == 0) return 0;
    const int status = description.exit_code;
    ending->time_us = now_us();
    ending->pid = 0;
    ending->code = WIFEXITED(status) ? CLD_EXITED : CLD_KILLED;
    ending->status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    return 1;
}
