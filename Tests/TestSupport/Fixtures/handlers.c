/* Handlers that behave, and some that don't: each does the one thing that its name says. */
#define _GNU_SOURCE
#include "millrace.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int hello(const millrace_job *job, const millrace_context *context) {
    const millrace_field fields[] = {
        {"handler", job->handler}, {"words", "two words"}, {"quote", "say \"hi\"\n"}, {"empty", ""}};
    context->log(context, MILLRACE_LOG_NOTICE, "hello\nworld", fields, 4);
    context->progress(context, 0.5, "half");
    for (int i = 0; i < 1000; i++) context->progress(context, 0.6, "more");
    context->progress(context, 2.0, "all");
    context->set_result(context, "first", 5, NULL);
    return context->set_result(context, "hi", 2, "text/plain");
}

/* Says how it finds its job. */
static int echo(const millrace_job *job, const millrace_context *context) {
    char text[4096];
    int length = snprintf(text, sizeof text, "%lld %d %s %.*s %.*s %lld %s %s", (long long)job->id,
                          (int)job->attempt, job->handler, (int)job->parameters_length, job->parameters,
                          (int)job->input_length, job->input ? (const char *)job->input : "",
                          (long long)job->deadline_ms, job->work_directory,
                          job->trace_parent ? job->trace_parent : "none");
    return context->set_result(context, text, (size_t)length, NULL);
}

static size_t copy_file(FILE *target, const char *path) {
    FILE *file = fopen(path, "re");
    char bytes[4096];
    size_t all = 0, got;
    if (!file) return 0;
    while ((got = fread(bytes, 1, sizeof bytes, file)) > 0) all += fwrite(bytes, 1, got, target);
    fclose(file);
    return all;
}

/* Says what its process is: ids, limits, descriptors, environment. */
static int report(const millrace_job *job, const millrace_context *context) {
    char *text;
    size_t length;
    FILE *target = open_memstream(&text, &length);
    copy_file(target, "/proc/self/status");
    fprintf(target, "deadline=%lld\n", (long long)job->deadline_ms);
    fprintf(target, "cgroup=");
    copy_file(target, "/proc/self/cgroup");
    fprintf(target, "oom_score_adj=");
    copy_file(target, "/proc/self/oom_score_adj");
    struct rlimit limit;
    getrlimit(RLIMIT_CORE, &limit);
    fprintf(target, "core=%llu\n", (unsigned long long)limit.rlim_max);
    getrlimit(RLIMIT_NOFILE, &limit);
    fprintf(target, "nofile=%llu\n", (unsigned long long)limit.rlim_max);
    mode_t mask = umask(0);
    char *directory = get_current_dir_name();
    fprintf(target, "umask=%o\ndirectory=%s\n", (unsigned)mask, directory);
    fprintf(target, "leader=%d\nsecurebits=%d\nbounding=%d\n", getsid(0) == getpid() && getpgrp() == getpid(),
            prctl(PR_GET_SECUREBITS, 0, 0, 0, 0), prctl(PR_CAPBSET_READ, 0, 0, 0, 0));
    for (char **variable = environ; *variable; variable++) fprintf(target, "env %s\n", *variable);
    DIR *open_files = opendir("/proc/self/fd");
    for (struct dirent *entry; open_files && (entry = readdir(open_files));) {
        int number = atoi(entry->d_name);
        if (entry->d_name[0] == '.' || number == dirfd(open_files)) continue;
        fprintf(target, "fd %d %s\n", number, fcntl(number, F_GETFD) & FD_CLOEXEC ? "cloexec" : "kept");
    }
    fclose(target);
    return context->set_result(context, text, length, "text/plain");
}

static int fails(const millrace_job *job, const millrace_context *context) {
    (void)job;
    return context->fail(context, "not_found", "there is no such thing", 1);
}

static int fails_silently(const millrace_job *job, const millrace_context *context) {
    (void)job;
    (void)context;
    return 7;
}

static int crashes(const millrace_job *job, const millrace_context *context) {
    (void)job;
    (void)context;
    raise(SIGSEGV);
    return MILLRACE_OK;
}

static int calls_exit(const millrace_job *job, const millrace_context *context) {
    (void)job;
    context->set_result(context, "never seen", 10, NULL);
    exit(0);
}

/* Waits until it is asked to stop. */
static int waits(const millrace_job *job, const millrace_context *context) {
    (void)job;
    context->log(context, MILLRACE_LOG_INFO, "waiting", NULL, 0);
    const struct timespec moment = {0, 10 * 1000 * 1000};
    while (!context->cancelled(context)) nanosleep(&moment, NULL);
    return context->fail(context, "cancelled", "asked to stop", 0);
}

static int naps(const millrace_job *job, const millrace_context *context) {
    const struct timespec moment = {0, 10 * 1000 * 1000};
    (void)job;
    (void)context;
    nanosleep(&moment, NULL);
    return MILLRACE_OK;
}

/* Saves two checkpoints, then waits; says what an earlier attempt saved. */
static int saves(const millrace_job *job, const millrace_context *context) {
    if (job->checkpoint) {
        return context->set_result(context, job->checkpoint, job->checkpoint_length, "text/plain");
    }
    context->checkpoint(context, "first", 5);
    context->checkpoint(context, "second", 6);
    return waits(job, context);
}

static int ignores_termination(const millrace_job *job, const millrace_context *context) {
    (void)job;
    signal(SIGTERM, SIG_IGN);
    context->log(context, MILLRACE_LOG_INFO, "ignoring", NULL, 0);
    for (;;) pause();
}

static int closes_everything(const millrace_job *job, const millrace_context *context) {
    (void)job;
    for (int i = 0; i < 1024; i++) close(i);
    context->log(context, MILLRACE_LOG_INFO, "nobody hears this", NULL, 0);
    context->progress(context, 1, NULL);
    return context->set_result(context, "still here", 10, NULL);
}

static int writes_garbage(const millrace_job *job, const millrace_context *context) {
    (void)job;
    char garbage[600];
    memset(garbage, 0xa5, sizeof garbage);
    for (int i = 0; i < 1024; i++) {
        ssize_t ignored = write(i, garbage, sizeof garbage);
        (void)ignored;
    }
    return context->set_result(context, "clean", 5, NULL);
}

/* Leaves a process behind that is nobody's child, in a session of its own. */
static int forks_twice(const millrace_job *job, const millrace_context *context) {
    (void)job;
    if (fork() == 0) {
        setsid();
        if (fork() == 0)
            for (;;) pause();
        _exit(0);
    }
    return context->set_result(context, "left one", 8, NULL);
}

static int leaves_and_waits(const millrace_job *job, const millrace_context *context) {
    forks_twice(job, context);
    return waits(job, context);
}

static int floods_log(const millrace_job *job, const millrace_context *context) {
    (void)job;
    char *line = malloc(20000);
    memset(line, 'x', 19999);
    line[19999] = 0;
    for (int i = 0; i < 2000; i++) context->log(context, MILLRACE_LOG_INFO, line, NULL, 0);
    free(line);
    return MILLRACE_OK;
}

static int huge_result(const millrace_job *job, const millrace_context *context) {
    (void)job;
    size_t size = 8 << 20;
    char *bytes = calloc(1, size);
    return context->set_result(context, bytes, size, NULL);
}

static void *reports_progress(void *context) {
    for (int i = 0; i < 2000; i++) {
        ((const millrace_context *)context)->progress(context, i / 4000.0, "from a thread");
        ((const millrace_context *)context)->set_result(context, "threads", 7, NULL);
    }
    return NULL;
}

static int uses_threads(const millrace_job *job, const millrace_context *context) {
    pthread_t threads[4];
    (void)job;
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, reports_progress, (void *)context);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    return context->progress(context, 1, "joined");
}

/* Output that only a flush at the end carries out. */
static int prints(const millrace_job *job, const millrace_context *context) {
    (void)job;
    (void)context;
    printf("printed without a newline");
    return MILLRACE_OK;
}

#define HANDLER(function, words) \
    {.size = sizeof(millrace_handler), .name = words, .summary = "A handler of the tests", .run = function}

static const millrace_limits limits = {
    .size = sizeof(millrace_limits), .memory_bytes = 64 << 20, .cpu_millis = 500, .pids = 8};

static const millrace_handler handlers[] = {
    {.size = sizeof(millrace_handler),
     .name = "hello",
     .summary = "Says \"hello\" \xe2\x80\x94 \\o/\t",
     .parameter_schema = "{\"type\":\"object\"}",
     .run = hello,
     .limits = &limits,
     .timeout_ms = 30000,
     .max_attempts = 3,
     .retry_delay_ms = 1500,
     .concurrency = 2},
    HANDLER(echo, "echo"),
    HANDLER(report, "report"),
    HANDLER(fails, "fails"),
    HANDLER(fails_silently, "fails-silently"),
    HANDLER(crashes, "crashes"),
    HANDLER(calls_exit, "calls-exit"),
    HANDLER(waits, "waits"),
    HANDLER(naps, "naps"),
    HANDLER(saves, "saves"),
    HANDLER(ignores_termination, "ignores-termination"),
    HANDLER(closes_everything, "closes-everything"),
    HANDLER(writes_garbage, "writes-garbage"),
    HANDLER(forks_twice, "forks-twice"),
    HANDLER(leaves_and_waits, "leaves-and-waits"),
    HANDLER(floods_log, "floods-log"),
    HANDLER(huge_result, "huge-result"),
    HANDLER(uses_threads, "uses-threads"),
    HANDLER(prints, "prints"),
};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "handlers",
    .version = "1.2.3",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof handlers[0],
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) { return &plugin; }
