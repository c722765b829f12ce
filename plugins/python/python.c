/* python: functions in files `*.py` are its handlers. See README.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge.h"
#include "catalog.h"
#include "interpreter.h"

/* Tells how a job ended that did not simply return: the verdict of `millrace.job.run`. */
static int tell(const millrace_context *context, PyObject *verdict) {
    const char *code, *message;
    long long delay;
    int is_retryable;
    if (PyTuple_GET_SIZE(verdict) == 2 && PyArg_ParseTuple(verdict, "Lz", &delay, &message)) {
        return MILLRACE_HAS(context, snooze)
                   ? context->snooze(context, delay, message)
                   : context->fail(context, "snooze_refused", "this runner is too old for a snooze", 0);
    }
    PyErr_Clear();
    if (PyArg_ParseTuple(verdict, "ssp", &code, &message, &is_retryable)) {
        return context->fail(context, code, message, is_retryable);
    }
    return context->fail(context, "error", interpreter_words(), 0);
}

static int run(const millrace_job *job, const millrace_context *context) {
    const char *problem = interpreter_start();
    if (problem != NULL) return context->fail(context, "no_python", problem, 0);
    interpreter_hear_of_forks(0);
    bridge_use(job, context);
    PyObject *function = interpreter_function("millrace.job", "run");
    PyObject *verdict = function
                            ? PyObject_CallFunction(function, "ss#", job->handler, job->parameters,
                                                    (Py_ssize_t)job->parameters_length)
                            : NULL;
    if (verdict == NULL) return context->fail(context, "error", interpreter_words(), 1);
    return verdict == Py_None ? MILLRACE_OK : tell(context, verdict);
}

static int warm_up(void) {
    if (interpreter_start() != NULL) return MILLRACE_FAILED;
    interpreter_hear_of_forks(0);
    int error = catalog_warm_up();
    interpreter_hear_of_forks(1);
    if (error != 0) fprintf(stderr, "%s\n", interpreter_words());
    return error == 0 ? MILLRACE_OK : MILLRACE_FAILED;
}

static millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .flags = MILLRACE_WARM | MILLRACE_HAS_FILES,
    .name = "python",
    .version = "0.1.0",
    .warm_up = warm_up,
};

/* In a job only its own handler counts: Python starts as it runs, and imports only its file. */
static void describe_one(const char *name) {
    static millrace_handler handler = {.size = sizeof(millrace_handler), .summary = "", .run = run};
    handler.name = strdup(name);
    plugin.handlers = &handler;
    plugin.handler_count = 1;
}

/* In a warm host every handler that a job may ask for must be there, however busy the machine is: nothing is
 * imported before the warm-up. */
static void describe_all(int is_host) {
    static catalog all;
    /* Libraries for numbers start a thread for each processor otherwise: a warm host may have none, and a
     * description needs none. What a job has instead is its own environment. */
    static const char *const bounds[] = {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) setenv(bounds[i], "1", 1);
    const char *problem = interpreter_start();
    if (problem != NULL) {
        static const char *problems[2];
        problems[0] = problem;
        plugin.problems = problems;
        return;
    }
    if (is_host) catalog_read_names(&all, run);
    else catalog_read(&all, run);
    interpreter_hear_of_forks(1);
    plugin.handlers = all.handlers;
    plugin.handler_count = all.handler_count;
    plugin.problems = all.problems;
    if (all.is_unfinished) plugin.flags |= MILLRACE_UNFINISHED;
}

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) {
    const char *handler = getenv("MILLRACE_HANDLER");
    if (handler != NULL) {
        describe_one(handler);
    } else if (plugin.handlers == NULL && plugin.problems == NULL) {
        describe_all(getenv("MILLRACE_WARM_HOST") != NULL);
    }
    return &plugin;
}
