/* The physical limit: what the kernel alone takes for a job in a cgroup of its own.
 *
 *   limit fork|exec COUNT DIRECTORY [AT-ONCE [MILLISECONDS]]
 *
 * In the cgroup DIRECTORY, which is made, each run makes a leaf with the limits that this kernel has
 * controllers for, clones a child into it, waits for it and removes the leaf. The child ends at once (fork)
 * or becomes /bin/true (exec); with MILLISECONDS it sleeps so long first (fork) or becomes /bin/sleep (exec).
 * Prints the time of each run in nanoseconds, one a line. With AT-ONCE above 1, so many run at the same time,
 * and what is printed is the time of all COUNT together. */
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

/* What is run. */
static struct {
    int parent;
    int is_exec;
    int milliseconds;
} course;

/* A run that has begun. */
struct run {
    pid_t child;
    char name[16];
};

static _Noreturn void become(void) {
    char seconds[16];
    if (!course.is_exec) {
        if (course.milliseconds > 0) usleep((useconds_t)course.milliseconds * 1000);
        _exit(0);
    }
    snprintf(seconds, sizeof seconds, "%d.%03d", course.milliseconds / 1000, course.milliseconds % 1000);
    if (course.milliseconds > 0) execl("/bin/sleep", "sleep", seconds, (char *)NULL);
    else execl("/bin/true", "true", (char *)NULL);
    _exit(127);
}

static void begin(struct run *run, int number) {
    snprintf(run->name, sizeof run->name, "%d", number);
    if (mkdirat(course.parent, run->name, 0755) < 0) fail("make a leaf");
    int leaf = openat(course.parent, run->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (leaf < 0) fail("open a leaf");
    for (int i = 0; i < LIMITS; i++) {
        if (limits[i].is_there && put(leaf, limits[i].file, limits[i].value) < 0) fail(limits[i].file);
    }
    struct clone_args args = {
        .flags = CLONE_INTO_CGROUP, .cgroup = (uint64_t)leaf, .exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &args, sizeof args);
    if (child < 0) fail("clone into a leaf");
    if (child == 0) become();
    run->child = (pid_t)child;
    close(leaf);
}

/* Waits for whichever child ends first and removes its leaf; returns its place. */
static int end(struct run *runs, int count) {
    int status, place = 0;
    pid_t child = waitpid(-1, &status, 0);
    if (child < 0) fail("wait for a child");
    if (status != 0) {
        fprintf(stderr, "error: a child ended with status %d\n", status);
        exit(1);
    }
    while (place < count - 1 && runs[place].child != child) place++;
    if (unlinkat(course.parent, runs[place].name, AT_REMOVEDIR) < 0) fail("remove a leaf");
    runs[place].child = 0;
    return place;
}

static void one_by_one(int count) {
    int64_t *times = calloc((size_t)count, sizeof *times);
    if (times == NULL) fail("keep the times");
    for (int i = 0; i < count; i++) {
        struct run run;
        int64_t began = now();
        begin(&run, i);
        end(&run, 1);
        times[i] = now() - began;
    }
    for (int i = 0; i < count; i++) printf("%lld\n", (long long)times[i]);
}

static void saturated(int count, int at_once) {
    struct run *runs = calloc((size_t)at_once, sizeof *runs);
    if (runs == NULL) fail("keep the runs");
    int64_t began = now();
    for (int i = 0; i < count; i++) begin(&runs[i < at_once ? i : end(runs, at_once)], i);
    for (int i = 0; i < at_once; i++) end(runs, at_once);
    printf("%lld\n", (long long)(now() - began));
}

int main(int argc, char **argv) {
    int count = argc >= 4 && argc <= 6 ? atoi(argv[2]) : 0;
    int at_once = argc >= 5 ? atoi(argv[4]) : 1;
    course.is_exec = argc >= 4 && strcmp(argv[1], "exec") == 0;
    course.milliseconds = argc == 6 ? atoi(argv[5]) : 0;
    if (at_once > count) at_once = count;
    if (at_once < 1 || (!course.is_exec && strcmp(argv[1], "fork") != 0)) {
        fputs("usage: limit fork|exec COUNT DIRECTORY [AT-ONCE [MILLISECONDS]]\n", stderr);
        return 2;
    }
    if (mkdir(argv[3], 0755) < 0) fail("make the directory");
    course.parent = open(argv[3], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (course.parent < 0) fail("open the directory");
    for (int i = 0; i < LIMITS; i++) {
        limits[i].is_there = put(course.parent, "cgroup.subtree_control", limits[i].enable) == 0;
    }
    if (at_once == 1) one_by_one(count);
    else saturated(count, at_once);
    close(course.parent);
    if (rmdir(argv[3]) < 0) fail("remove the directory");
    return 0;
}
