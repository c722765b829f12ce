/* The physical limit: what the kernel alone takes for a job in a cgroup of its own.
 *
 *   limit fork|exec COUNT DIRECTORY
 *
 * In the cgroup DIRECTORY, which is made, each run makes a leaf with the limits that this kernel has
 * controllers for, clones a child into it that ends at once (fork) or becomes /bin/true (exec), waits for it
 * and removes the leaf. Prints the time of each run in nanoseconds, one a line. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

static struct limit {
    const char *enable, *file, *value;
    int is_there;
} limits[] = {
    {"+memory", "memory.max", "268435456", 0},
    {"+cpu", "cpu.max", "100000 100000", 0},
    {"+pids", "pids.max", "64", 0},
};
enum { LIMITS = sizeof limits / sizeof limits[0] };

static void fail(const char *what) {
    fprintf(stderr, "error: cannot %s: %s\n", what, strerror(errno));
    exit(1);
}

static int put(int directory, const char *file, const char *text) {
    int descriptor = openat(directory, file, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    ssize_t written = write(descriptor, text, strlen(text));
    int error = errno;
    close(descriptor);
    errno = error;
    return written < 0 ? -1 : 0;
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void run_once(int parent, const char *name, int is_exec) {
    if (mkdirat(parent, name, 0755) < 0) fail("make a leaf");
    int leaf = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (leaf < 0) fail("open a leaf");
    for (int i = 0; i < LIMITS; i++) {
        if (limits[i].is_there && put(leaf, limits[i].file, limits[i].value) < 0) fail(limits[i].file);
    }
    struct clone_args args = {
        .flags = CLONE_INTO_CGROUP, .cgroup = (uint64_t)leaf, .exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &args, sizeof args);
    if (child < 0) fail("clone into a leaf");
    if (child == 0) {
        if (is_exec) execl("/bin/true", "true", (char *)NULL);
        _exit(is_exec ? 127 : 0);
    }
    int status;
    if (waitpid((pid_t)child, &status, 0) < 0) fail("wait for the child");
    if (status != 0) {
        fprintf(stderr, "error: the child ended with status %d\n", status);
        exit(1);
    }
    close(leaf);
    if (unlinkat(parent, name, AT_REMOVEDIR) < 0) fail("remove a leaf");
}

int main(int argc, char **argv) {
    int count = argc == 4 ? atoi(argv[2]) : 0;
    int is_exec = argc == 4 && strcmp(argv[1], "exec") == 0;
    if (count < 1 || (!is_exec && strcmp(argv[1], "fork") != 0)) {
        fputs("usage: limit fork|exec COUNT DIRECTORY\n", stderr);
        return 2;
    }
    if (mkdir(argv[3], 0755) < 0) fail("make the directory");
    int parent = open(argv[3], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0) fail("open the directory");
    for (int i = 0; i < LIMITS; i++) {
        limits[i].is_there = put(parent, "cgroup.subtree_control", limits[i].enable) == 0;
    }
    int64_t *times = calloc((size_t)count, sizeof *times);
    if (times == NULL) fail("keep the times");
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        int64_t began = now();
        run_once(parent, name, is_exec);
        times[i] = now() - began;
    }
    for (int i = 0; i < count; i++) printf("%lld\n", (long long)times[i]);
    close(parent);
    if (rmdir(argv[3]) < 0) fail("remove the directory");
    return 0;
}
