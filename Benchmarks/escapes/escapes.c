/* How often a process that is just being born escapes a `cgroup.kill` (docs/decisions/0011).
 *
 *   escapes orphan|chains COUNT DIRECTORY
 *
 * In the cgroup DIRECTORY, which must be there and empty, it makes COUNT leaves, one after the other. In
 * each runs a process that leaves behind one orphan, or two chains of processes in which each has a child
 * and ends; at its end the leaf is killed. If it is not empty 100 ms after that, that counts, and it is
 * killed again. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *doing) {
    perror(doing);
    exit(1);
}

static int open_in(int directory, const char *file, int flags) {
    const int descriptor = openat(directory, file, flags | O_CLOEXEC);
    if (descriptor < 0) fail(file);
    return descriptor;
}

static int is_populated(int events) {
    char text[256];
    const ssize_t length = pread(events, text, sizeof text - 1, 0);
    if (length < 0) fail("read cgroup.events");
    text[length] = 0;
    return strstr(text, "populated 1") != NULL;
}

static void kill_all(int leaf) {
    const int file = open_in(leaf, "cgroup.kill", O_WRONLY);
    if (write(file, "1", 1) != 1) fail("write cgroup.kill");
    close(file);
}

static void reap_all(void) {
    while (waitpid(-1, NULL, WNOHANG) > 0) {}
}

static void leave_orphan(void) {
    if (fork() != 0) _exit(0);
    if (fork() != 0) _exit(0);
    for (;;) pause();
}

static void leave_chains(void) {
    for (int i = 0; i < 2; i++) {
        if (fork() != 0) continue;
        for (;;) {
            if (fork() > 0) _exit(0);
        }
    }
    _exit(0);
}

/* Runs one leaf; returns how often it had to be killed again. */
static long run(int root, const char *name, int chains) {
    long escapes = 0;
    if (mkdirat(root, name, 0755) < 0) fail("make a leaf");
    const int leaf = open_in(root, name, O_RDONLY | O_DIRECTORY);
    struct clone_args args = {
        .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)leaf};
    const pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0) fail("clone3");
    if (pid == 0) {
        if (chains) leave_chains();
        leave_orphan();
    }
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}

    const int events = open_in(leaf, "cgroup.events", O_RDONLY);
    if (is_populated(events)) kill_all(leaf);
    while (is_populated(events)) {
        struct pollfd change = {.fd = events, .events = POLLPRI};
        if (poll(&change, 1, 100) == 0) {
            escapes++;
            kill_all(leaf);
        }
        reap_all();
    }
    close(events);
    close(leaf);
    reap_all();
    while (unlinkat(root, name, AT_REMOVEDIR) < 0) {
        if (errno != EBUSY) fail("remove a leaf");
        usleep(100);
    }
    return escapes;
}

int main(int count, char **words) {
    if (count != 4) {
        fprintf(stderr, "usage: %s orphan|chains COUNT DIRECTORY\n", words[0]);
        return 2;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const int root = open_in(AT_FDCWD, words[3], O_RDONLY | O_DIRECTORY);
    const long leaves = atol(words[2]);
    long escapes = 0;
    for (long i = 0; i < leaves; i++) {
        char name[32];
        snprintf(name, sizeof name, "leaf-%ld", i);
        escapes += run(root, name, strcmp(words[1], "chains") == 0);
    }
    printf("%s: %ld escapes in %ld leaves\n", words[1], escapes, leaves);
    return 0;
}
