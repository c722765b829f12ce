/* A handler that does the deed its parameters name, and writes down what happened in a file of its own for
 * each attempt, outside of Millrace's knowledge: one line, one write.
 *
 *     start NANOSECONDS PID     before anything else
 *     overlap NANOSECONDS PID   another attempt at the same job was still alive
 *     end NANOSECONDS DEED      the last thing before the deed's own end
 *
 * Parameters: `where` (a directory), `deed`, `n` (what it means depends on the deed), `ms` (how long it
 * takes). */
#define _GNU_SOURCE
#include "millrace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char path[512];

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* Writes a line; a witness that can't write ends its process, so that nothing goes on unseen. */
static void witness(const char *word, const char *more) {
    char line[256];
    int length = snprintf(line, sizeof line, "%s %lld %s\n", word, now(), more);
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0 || write(file, line, (size_t)length) != length) _exit(99);
    close(file);
}

/* Copies the text of a parameter; they come from the tests' own generator. */
static void parameter(const millrace_job *job, const char *name, char *value, size_t size) {
    char key[32];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *found = strstr(job->parameters, key);
    value[0] = 0;
    if (!found) return;
    found += strlen(key);
    while (*found == ' ' || *found == '"') found++;
    size_t length = 0;
    for (; *found && !strchr("\",}", *found) && length + 1 < size; found++) {
        if (*found != '\\') value[length++] = *found; /* A slash may come as \/. */
    }
    value[length] = 0;
}

static long long number(const millrace_job *job, const char *name) {
    char text[32];
    parameter(job, name, text, sizeof text);
    return atoll(text);
}

static void doze(long long milliseconds) {
    struct timespec rest = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&rest, &rest) < 0 && errno == EINTR) {
    }
}

/* The lock is held by every process of the attempt until the kernel drops it with the last of them. */
static void lock_job(const char *where, long long job, const char *pid) {
    char name[512];
    snprintf(name, sizeof name, "%s/%lld.lock", where, job);
    int file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) _exit(99);
    if (flock(file, LOCK_EX | LOCK_NB) < 0) witness("overlap", pid);
}

/* Takes memory until the kernel ends it. What it has is locked first, so that it can't fault its own pages
 * back for ever. */
static void hog(void) {
    mlockall(MCL_CURRENT);
    for (;;) {
        char *block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block != MAP_FAILED) memset(block, 1, 1 << 20);
    }
}

static void leave_grandchildren(long long count) {
    for (long long i = 0; i < count; i++) {
        if (fork() == 0) {
            setsid();
            if (fork() == 0)
                for (;;) pause();
            _exit(0);
        }
    }
}

static void print(long long kibibytes) {
    char line[1024];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    for (long long i = 0; i < kibibytes; i++) fwrite(line, 1, sizeof line, stdout);
}

static int wait_for_stop(const millrace_context *context) {
    while (!context->cancelled(context)) doze(5);
    witness("end", "stopped");
    return context->fail(context, "stopped", "it was asked to stop", 1);
}

static int give_result(const millrace_context *context, long long size) {
    char *bytes = malloc((size_t)size + 1);
    memset(bytes, 'r', (size_t)size);
    context->set_result(context, bytes, (size_t)size, "text/plain");
    witness("end", "succeed");
    return MILLRACE_OK;
}

static int run(const millrace_job *job, const millrace_context *context) {
    char where[400], deed[32], pid[32];
    parameter(job, "where", where, sizeof where);
    parameter(job, "deed", deed, sizeof deed);
    long long n = number(job, "n");
    snprintf(path, sizeof path, "%s/%lld.%d", where, (long long)job->id, (int)job->attempt);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    witness("start", pid);
    lock_job(where, job->id, pid);
    if (strcmp(deed, "deaf") == 0) signal(SIGTERM, SIG_IGN);
    doze(number(job, "ms"));

    if (strcmp(deed, "hang") == 0) return wait_for_stop(context);
    if (strcmp(deed, "deaf") == 0)
        for (;;) pause();
    if (strcmp(deed, "print") == 0) print(n);
    if (strcmp(deed, "fork") == 0) leave_grandchildren(n);
    if (strcmp(deed, "fail") == 0 || (strcmp(deed, "again") == 0 && job->attempt < n)) {
        witness("end", "fail");
        return context->fail(context, "no", "it said no", strcmp(deed, "again") == 0);
    }
    if (strcmp(deed, "later") == 0 && job->checkpoint_length == 0) {
        context->checkpoint(context, "seen", 4);
        witness("end", "snooze");
        return context->snooze(context, 200, "later");
    }
    if (strcmp(deed, "crash") == 0) {
        witness("end", "crash");
        signal((int)n, SIG_DFL);
        raise((int)n);
        for (;;) pause();
    }
    if (strcmp(deed, "exit") == 0) {
        witness("end", "exit");
        _exit((int)n);
    }
    if (strcmp(deed, "hog") == 0) {
        witness("end", "hog");
        hog();
    }
    return give_result(context, strcmp(deed, "result") == 0 ? n : 8);
}

static const millrace_limits limits = {
    .size = sizeof(millrace_limits), .memory_bytes = 24 << 20, .cpu_millis = 1000, .pids = 16};

static const millrace_handler handlers[] = {{
    .size = sizeof(millrace_handler),
    .name = "witness",
    .summary = "Does a deed and writes it down",
    .parameter_schema = "{\"type\":\"object\"}",
    .run = run,
    .limits = &limits,
}};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "witness",
    .version = "1.0.0",
    .handlers = handlers,
    .handler_count = 1,
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) { return &plugin; }
