/* A plugin for tests of warm hosts. What is defined makes it one that must not be forked as it is, or
 * that tries what it must not. */
#define _GNU_SOURCE
#include "millrace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Who warmed up, for which key it was prepared and how often, and what fork handlers did. */
static int warmed_by;
static char prepared_for[64];
static int preparations;
static int forks_seen;
static volatile char *table;
/* What the warm-up saw in the variable WORD. */
static char word[64] = "-";

static void rest(long milliseconds) {
    struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0) {}
}

static void in_child(void) { forks_seen++; }

static void *sleeper(void *unused) {
    for (;;) pause();
    return unused;
}

static void start_thread(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, sleeper, NULL);
}

#ifdef THREAD_AT_LOAD
__attribute__((constructor)) static void begin(void) { start_thread(); }
#endif

#ifdef SLOW_FORK
/* Takes 30 ms of processor time: what a fork waits for is not held against it. */
static void dawdle(void) {
    const clock_t end = clock() + CLOCKS_PER_SEC * 3 / 100;
    while (clock() < end) {}
}
#endif

static int warm_up(void) {
    warmed_by = getpid();
    if (getenv("WORD")) snprintf(word, sizeof word, "%s", getenv("WORD"));
#if defined(WARM_THREAD)
    start_thread();
#elif defined(WARM_EVENTFD)
    eventfd(0, EFD_CLOEXEC);
#elif defined(WARM_SHARED)
    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
#elif defined(WARM_WANTS_WORD)
    if (!getenv("WORD")) return MILLRACE_FAILED;
#elif defined(WARM_FAILS)
    return MILLRACE_FAILED;
#elif defined(WARM_CRASHES)
    raise(SIGSEGV);
#elif defined(WARM_HANGS)
    for (;;) pause();
#elif defined(WARM_EXITS)
    _exit(3);
#elif defined(SLOW_FORK)
    pthread_atfork(dawdle, NULL, NULL);
#elif defined(BIG_TABLE)
    table = malloc(48 << 20);
    memset((void *)table, 7, 48 << 20);
#endif
    printf("warming up\n");
    return pthread_atfork(NULL, NULL, in_child) == 0 ? MILLRACE_OK : MILLRACE_FAILED;
}

static int prepare(const char *key) {
    if (strcmp(key, "bad") == 0) return MILLRACE_FAILED;
    if (strcmp(key, "thread") == 0) start_thread();
    snprintf(prepared_for, sizeof prepared_for, "%s", key);
    preparations++;
    return MILLRACE_OK;
}

/* Tells all that it knows: "warmed-by key preparations forks affinity". */
static int shows(const millrace_job *job, const millrace_context *context) {
    char text[256];
    long sum = 0;
    if (table) {
        for (size_t i = 0; i < 48 << 20; i += 4096) sum += table[i];
    }
    const int length =
        snprintf(text, sizeof text, "%d %s %d %d %s %ld", warmed_by, prepared_for[0] ? prepared_for : "-",
                 preparations, forks_seen, job->affinity ? job->affinity : "-", sum);
    return context->set_result(context, text, (size_t)length, "text/plain");
}

/* Tells what the warm-up saw in the environment, and what the job does. */
static int tells_words(const millrace_job *job, const millrace_context *context) {
    char text[256];
    (void)job;
    const char *own = getenv("WORD"), *home = getenv("HOME");
    snprintf(text, sizeof text, "%s %s %s", word, own ? own : "-", home ? home : "-");
    return context->set_result(context, text, strlen(text), "text/plain");
}

static int waits(const millrace_job *job, const millrace_context *context) {
    (void)job;
    context->progress(context, 0.5, "waiting");
    while (!context->cancelled(context)) rest(5);
    return context->fail(context, "cancelled", "asked to stop", 0);
}

static char report[8192];

static void tell(const char *what, int failed) {
    const size_t length = strlen(report);
    snprintf(report + length, sizeof report - length, "%s: %s\n", what,
             failed ? strerrorname_np(errno) : "DONE");
}

/* Writes a text into a file. */
static int put(const char *path, const char *text) {
    const int file = open(path, O_WRONLY);
    if (file < 0) return -1;
    const ssize_t written = write(file, text, strlen(text));
    const int error = errno;
    close(file);
    errno = error;
    return written < 0 ? -1 : 0;
}

/* The cgroup of this process, and of its plugin, as paths below the mount that the job's parameters name. */
static void find_groups(const char *mount, char *own, char *plugin, size_t size) {
    char line[512];
    FILE *file = fopen("/proc/self/cgroup", "re");
    own[0] = plugin[0] = 0;
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::", 3) != 0) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(own, size, "%s%s", mount, line + 3);
        snprintf(plugin, size, "%s", own);
        *strrchr(plugin, '/') = 0;
    }
    if (file) fclose(file);
}

static void try_group(const char *group, const char *file, const char *text) {
    char path[700];
    snprintf(path, sizeof path, "%s/%s", group, file);
    const int result = put(path, text);
    snprintf(path, sizeof path, "write %s of %s", file, strrchr(group, '/') + 1);
    tell(path, result);
}

/* Tries what a job must not: becoming the host, moving itself, reaching the host. The input names the
 * mount of cgroup v2, the host's pid, its ids, and another leaf of the plugin: "mount pid uid gid leaf".
 * */
static int attacks(const millrace_job *job, const millrace_context *context) {
    char mount[256], leaf[64], own[512], plugin[512], path[600];
    int host;
    unsigned uid, gid;
    if (!job->input ||
        sscanf((const char *)job->input, "%255s %d %u %u %63s", mount, &host, &uid, &gid, leaf) != 5) {
        return context->fail(context, "no_input", "it names nothing", 0);
    }
    find_groups(mount, own, plugin, sizeof own);
    tell("setgid", setresgid(-1, gid, -1));
    tell("setuid", setresuid(-1, uid, -1));
    snprintf(path, sizeof path, "%s/%s", plugin, leaf);
    try_group(path, "cgroup.procs", "0");
    try_group(plugin, "cgroup.procs", "0");
    try_group(own, "memory.max", "max");
    try_group(own, "cgroup.kill", "1");
    try_group(plugin, "cgroup.freeze", "1");
    tell("signal", kill(host, SIGKILL));
    tell("trace", (int)ptrace(PTRACE_SEIZE, host, 0, 0));
    snprintf(path, sizeof path, "/proc/%d/mem", host);
    tell("memory", open(path, O_RDWR));
    const int pidfd = (int)syscall(SYS_pidfd_open, host, 0);
    tell("descriptor", (int)syscall(SYS_pidfd_getfd, pidfd, 3, 0));
    return context->set_result(context, report, strlen(report), "text/plain");
}

#ifdef HOSTILE
/* Tries what a plugin must not, in its host: leaving its plugin's cgroup, and raising its limits. */
static int warm_up_hostile(void) {
    char own[512], plugin[512], above[512];
    find_groups(HOSTILE, own, plugin, sizeof own);
    snprintf(above, sizeof above, "%s", plugin);
    *strrchr(above, '/') = 0;
    try_group(above, "cgroup.procs", "0");
    try_group(own, "memory.max", "max");
    try_group(own, "pids.max", "max");
    try_group(plugin, "memory.max", "max");
    try_group(plugin, "cgroup.subtree_control", "-memory");
    snprintf(above + strlen(above), 64, "/%s", "other");
    try_group(above, "cgroup.procs", "0");
    *strrchr(above, '/') = 0;
    *strrchr(above, '/') = 0;
    snprintf(above + strlen(above), 64, "/%s", "runner");
    try_group(above, "cgroup.procs", "0");
    tell("root", setresuid(-1, 0, -1));
    return MILLRACE_OK;
}

/* Tells what the host could do. */
static int confesses(const millrace_job *job, const millrace_context *context) {
    (void)job;
    return context->set_result(context, report, strlen(report), "text/plain");
}
#endif

#define HANDLER(function) \
    {.size = sizeof(millrace_handler), .name = #function, .summary = "Of the tests", .run = function}

static const millrace_handler handlers[] = {
    {.size = sizeof(millrace_handler),
     .name = "shows",
     .summary = "Tells all that it knows",
     .run = shows,
     .prepare = prepare},
    HANDLER(tells_words),
    HANDLER(waits),
    HANDLER(attacks),
#ifdef HOSTILE
    HANDLER(confesses),
#endif
};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .flags = MILLRACE_WARM,
    .name = "warm",
    .version = "1.0.0",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof handlers[0],
#ifdef HOSTILE
    .warm_up = warm_up_hostile,
#else
    .warm_up = warm_up,
#endif
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) { return &plugin; }
