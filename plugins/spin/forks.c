#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spin.h"

enum { CHILDREN_MAX = 100000 };

const char forks_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"count\"],\"properties\":{"
    "\"count\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100000,"
    "\"description\":\"how many children it tries to have at once\"}}}";

/* What a child does: nothing, until it is killed. */
static void idle(void) {
    signal(SIGTERM, SIG_DFL);
    for (;;) pause();
}

/* Forks up to `count` children. Returns how many there are; the rest was refused, last with `*problem`. */
static int fork_all(pid_t *children, int count, int *problem, const millrace_context *context) {
    int started = 0;
    for (int i = 0; i < count && !context->cancelled(context); i++) {
        pid_t child = fork();
        if (child == 0) idle();
        if (child < 0) *problem = errno;
        if (child > 0) children[started++] = child;
        if (i % 16 == 0) context->progress(context, (double)i / count, "forking");
    }
    return started;
}

int forks(const millrace_job *job, const millrace_context *context) {
    parameters all;
    parameters_open(&all, job);
    int count = (int)parameters_integer(&all, "count", 0, 1, CHILDREN_MAX);
    if (count == 0) parameters_refuse(&all, "`count` must be given");
    if (parameters_refused(&all, context)) return MILLRACE_FAILED;

    int problem = 0;
    pid_t *children = malloc((size_t)count * sizeof *children);
    if (children == NULL) {
        return job_fail(context, "no_memory", FAIL_RETRYABLE, "no memory for %d pids", count);
    }
    int started = fork_all(children, count, &problem, context);
    for (int i = 0; i < started; i++) kill(children[i], SIGKILL);
    for (int i = 0; i < started; i++) waitpid(children[i], NULL, 0);
    free(children);
    if (context->cancelled(context)) {
        return job_fail(context, "cancelled", FAIL_RETRYABLE, "cancelled after %d children", started);
    }
    if (problem != 0) {
        job_log(context, MILLRACE_LOG_WARNING, "%d of %d forks were refused: %s", count - started, count,
                strerror(problem));
    }
    json_t *result = json_pack("{s:i, s:i, s:i}", "asked", count, "started", started, "refused",
                               count - started);
    char *text = json_dumps(result, JSON_COMPACT);
    if (text == NULL) return job_fail(context, "no_memory", FAIL_RETRYABLE, "no memory for the result");
    return job_result(context, text, strlen(text), "application/json");
}
