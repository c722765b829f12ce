/* millrace.h: what a plugin author includes.
 *
 * A plugin is a shared library that exports one symbol:
 *
 *     const millrace_plugin *millrace_plugin_describe(void);
 *
 * It returns a description that lives as long as the library. Millrace calls it once in a throw-away
 * process (to list the handlers) and once in each job's process, after the job has entered its control
 * group and dropped every privilege. A handler is a function: it reads the job, calls back through the
 * context, and returns MILLRACE_OK or MILLRACE_FAILED.
 *
 *     static int hello(const millrace_job *job, const millrace_context *context) {
 *         context->log(context, MILLRACE_LOG_NOTICE, "hello", NULL, 0);
 *         return context->set_result(context, "hi", 2, "text/plain");
 *     }
 *     static const millrace_handler handlers[] = {{
 *         .size = sizeof(millrace_handler), .name = "hello", .summary = "Says hello", .run = hello,
 *     }};
 *     static const millrace_plugin plugin = {
 *         .size = sizeof(millrace_plugin), .abi = MILLRACE_ABI, .name = "hello", .version = "1.0.0",
 *         .handlers = handlers, .handler_count = 1,
 *     };
 *     MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) { return &plugin; }
 *
 * Build it with `cc -shared -fPIC -o libhello.so hello.c` and copy it into the plugin directory.
 *
 * Rules
 *  - Every struct starts with its size as its author's compiler saw it. Fields are only ever appended, so
 *    an old plugin runs under a newer Millrace and, while MILLRACE_ABI stays, the other way round: read a
 *    field of a struct that Millrace made only if MILLRACE_HAS(struct, field) says that it is there.
 *  - Text is UTF-8 and ends with a zero byte; NULL stands for "not given".
 *  - Durations are in milliseconds, sizes in bytes; 0 in a default means "none given: the runner's default".
 *  - A job is one process: a handler may allocate, start threads, fork and crash as it likes. All of it
 *    ends with the job, and what a handler leaks is gone when it returns.
 *  - A plugin that is MILLRACE_WARM is loaded once into a warm host, which calls `warm_up`; its jobs are
 *    forks of that process with all that it has in memory. Such a process must have one thread and hold
 *    no eventfd, pipe, socket or writable shared memory when `warm_up` returns; else jobs start without
 *    it. A handler must work without warm-up, too. What is random there is the same in all of its jobs
 *    (rand(3), hash seeds).
 *  - A job finds its handler's name in the environment, as MILLRACE_HANDLER, when its plugin is loaded; a
 *    warm host finds MILLRACE_WARM_HOST. There handlers count for their names and functions only.
 *  - SIGTERM asks a job to stop (cancel, timeout, shutdown); `cancelled` then returns 1. What still runs
 *    after the grace period is killed with its whole control group.
 */
#ifndef MILLRACE_H
#define MILLRACE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface; it changes only if a field must change its meaning. */
#define MILLRACE_ABI 1

#if defined(__GNUC__)
#define MILLRACE_EXPORT __attribute__((visibility("default")))
#else
#define MILLRACE_EXPORT
#endif

/* Whether the struct behind `pointer` is new enough to have `field`. */
#define MILLRACE_HAS(pointer, field) \
    ((pointer)->size >= (size_t)((const char *)(&(pointer)->field + 1) - (const char *)(pointer)))

/* What `run`, `warm_up` and `prepare` return; MILLRACE_SNOOZED only `run`, by way of `snooze`. */
enum { MILLRACE_OK = 0, MILLRACE_FAILED = 1, MILLRACE_SNOOZED = 2 };

/* The longest checkpoint, in bytes, and the longest snooze: a year. */
#define MILLRACE_CHECKPOINT_MAX (1 << 20)
#define MILLRACE_SNOOZE_MAX_MS 31536000000

/* How grave a log message is. */
enum {
    MILLRACE_LOG_DEBUG = 1,
    MILLRACE_LOG_INFO = 2,
    MILLRACE_LOG_NOTICE = 3,
    MILLRACE_LOG_WARNING = 4,
    MILLRACE_LOG_ERROR = 5
};

/* A named value of a log message. */
typedef struct millrace_field {
    const char *name;
    const char *value;
} millrace_field;

/* The result of a job that this one depends on. */
typedef struct millrace_output {
    size_t size;
    /* The job that made it, and the name under which this one knows it. */
    int64_t job;
    const char *name;
    /* Read-only memory; NULL and 0 for an empty result. */
    const uint8_t *bytes;
    size_t length;
    const char *media_type;
} millrace_output;

/* What a handler is asked to do; valid until `run` returns. */
typedef struct millrace_job {
    size_t size;
    /* The number of the job and of this attempt at it (1, 2, …). */
    int64_t id;
    int32_t attempt;
    int32_t reserved;
    /* The handler's name: one function may serve several handlers. */
    const char *handler;
    /* The parameters: a JSON object that fits the handler's schema, with its defaults filled in. */
    const char *parameters;
    size_t parameters_length;
    /* The input bytes; NULL and 0 if none were given. Read-only memory. */
    const uint8_t *input;
    size_t input_length;
    /* When the attempt times out: milliseconds since 1970-01-01 UTC; 0 for never. */
    int64_t deadline_ms;
    /* A private, empty directory, also the current one; removed after the attempt. */
    const char *work_directory;
    /* The W3C trace context of the submitter (`traceparent`); NULL if none. */
    const char *trace_parent;
    /* What the last attempt that called `checkpoint` saved; NULL and 0 if none did. Read-only memory. */
    const uint8_t *checkpoint;
    size_t checkpoint_length;
    /* The results of the jobs that this one depends on; NULL and 0 if there are none. */
    const millrace_output *outputs;
    size_t output_count;
    /* The submitter's affinity key; NULL if none. A handler that has `prepare` finds it prepared mostly, and
     * must do it itself otherwise. */
    const char *affinity;
} millrace_job;

/* The output of `job` at `index`, by the distance that Millrace lays them out with. */
#define MILLRACE_OUTPUT(job, index) \
    ((const millrace_output *)((const char *)(job)->outputs + (index) * (job)->outputs->size))

/* What a handler can tell Millrace. Every function takes this context as its first argument and may be
 * called from any thread; each returns MILLRACE_OK, or MILLRACE_FAILED if it did nothing (and says why in
 * the job's log). */
typedef struct millrace_context millrace_context;
struct millrace_context {
    size_t size;
    /* For Millrace's own use. */
    void *host;
    /* Writes a line to the job's log. `fields` may be NULL if `count` is 0. */
    int (*log)(const millrace_context *context, int level, const char *message,
               const millrace_field *fields, size_t count);
    /* Reports how far the job is: 0.0 to 1.0, and what it does now (NULL: no words). Cheap; call it often. */
    int (*progress)(const millrace_context *context, double fraction, const char *message);
    /* Sets the job's result; the last call counts. `media_type` NULL stands for application/octet-stream. */
    int (*set_result)(const millrace_context *context, const void *bytes, size_t length,
                      const char *media_type);
    /* Whether the job was asked to stop: 1 or 0. */
    int (*cancelled)(const millrace_context *context);
    /* Says why the job fails: a short code for programs ("not_found"), a sentence for people, and whether
     * another attempt may help. Returns MILLRACE_FAILED, so that a handler can `return context->fail(…)`. */
    int (*fail)(const millrace_context *context, const char *code, const char *message, int retryable);
    /* Asks to be run again after `delay_ms`, 0 to MILLRACE_SNOOZE_MAX_MS, instead of now; `why` may be NULL.
     * No attempt is used up, and no result is kept. Returns MILLRACE_SNOOZED, which `run` must return then:
     * `return context->snooze(…)`. */
    int (*snooze)(const millrace_context *context, int64_t delay_ms, const char *why);
    /* Saves at most MILLRACE_CHECKPOINT_MAX bytes for the next attempt at this job, if there is one: it finds
     * them in `checkpoint`. The last whole save counts, however this attempt ends: a crash, a timeout or a
     * kill, even in the middle of the next save, loses nothing of it. 0 bytes take it back. A copy to memory
     * that counts against the job: call it as often as it is worth. */
    int (*checkpoint)(const millrace_context *context, const void *bytes, size_t length);
};

/* The default limits of a handler's jobs; 0: the runner's default. */
typedef struct millrace_limits {
    size_t size;
    /* Memory of all processes of an attempt together. */
    int64_t memory_bytes;
    /* Thousandths of a processor: 500 is half of one. */
    int64_t cpu_millis;
    /* Processes and threads. */
    int64_t pids;
} millrace_limits;

/* Flags of a handler. */
enum {
    /* Its jobs have nothing in common, like those that each run another program: that one fails tells
     * nothing of the next. Without it the runner stops trying a handler that keeps failing. */
    MILLRACE_UNRELATED_JOBS = 1,
    /* Its jobs are not forked from a warm host, though others of its plugin are: what those share is not for
     * them. */
    MILLRACE_NEVER_WARM = 2
};

/* A handler: one kind of job. */
typedef struct millrace_handler {
    size_t size;
    /* 1 to 64 of a-z 0-9 - _ . and beginning with a letter; unique on the machine. */
    const char *name;
    /* One line that says what it does. */
    const char *summary;
    /* JSON Schema (draft 2020-12) of the parameters; NULL: none are taken. `writeOnly` marks a secret, which
     * nobody is shown but the job. */
    const char *parameter_schema;
    /* Does the job. Returns MILLRACE_OK, or MILLRACE_FAILED (best by way of `fail`). */
    int (*run)(const millrace_job *job, const millrace_context *context);
    /* Default limits; NULL: the runner's. */
    const millrace_limits *limits;
    /* How long an attempt may run; 0: the runner's default. */
    int64_t timeout_ms;
    /* How many attempts a job has (0: the runner's default), and the wait before the second one;
     * it doubles for each one after that. */
    int32_t max_attempts;
    uint32_t flags;
    int64_t retry_delay_ms;
    /* How many jobs of this handler may run at once; 0: no bound of its own. */
    int64_t concurrency;
    /* Makes a warm host ready for the jobs with an affinity key, before they are forked from it: reads the
     * key's table, opens its index. It is called again for each other key that this host gets. NULL: keys
     * mean nothing here. */
    int (*prepare)(const char *key);
} millrace_handler;

/* Flags of a plugin. */
enum {
    /* Its jobs are forked from a warm host, unless the operator says otherwise. */
    MILLRACE_WARM = 1,
    /* It has files of its own: those in the directory `NAME.d` beside its `NAME.so`. They belong to its
     * build: a copy of them is beside the copy that jobs load (dladdr(3) tells where), and when one changes
     * the plugin is described anew. Such a plugin may have no handlers. */
    MILLRACE_HAS_FILES = 2,
    /* It had no time to look at all of its files: what it says of itself counts, and it is described again
     * later. */
    MILLRACE_UNFINISHED = 4
};

/* A plugin: what `millrace_plugin_describe` returns. */
typedef struct millrace_plugin {
    size_t size;
    /* MILLRACE_ABI as the author's compiler saw it. */
    uint32_t abi;
    uint32_t flags;
    /* As a handler's name. */
    const char *name;
    /* As its author counts: "1.2.0". */
    const char *version;
    const millrace_handler *handlers;
    size_t handler_count;
    /* Runs once in a warm host before jobs are forked from it (models, tables); NULL: nothing to do. */
    int (*warm_up)(void);
    /* What is wrong with parts of the plugin, for the operator: texts, ended by NULL; NULL: nothing is. One
     * that begins with the name of one of its files and a colon is told of that file. */
    const char *const *problems;
    /* Why the plugin can't be used, one sentence, such as "its file of words is missing": Millrace refuses it
     * with these words, and asks for no handlers. NULL: it can be used. */
    const char *refusal;
} millrace_plugin;

/* The one symbol that a plugin exports. */
MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void);

#ifdef __cplusplus
}
#endif

#endif
