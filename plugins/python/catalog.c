#include "catalog.h"

#include <stdlib.h>
#include <string.h>

#include "interpreter.h"

/* What a handler points to stays in memory. */
static int read_handler(PyObject *tuple, millrace_handler *one, millrace_limits *limits) {
    const char *name, *summary, *schema;
    long long memory, cpu, pids, timeout, delay, concurrency;
    int attempts, flags;
    if (!PyArg_ParseTuple(tuple, "sssLLLLiLLi", &name, &summary, &schema, &memory, &cpu, &pids, &timeout,
                          &attempts, &delay, &concurrency, &flags)) {
        return -1;
    }
    *limits = (millrace_limits){.size = sizeof(millrace_limits), .memory_bytes = memory,
                                .cpu_millis = cpu, .pids = pids};
    *one = (millrace_handler){
        .size = sizeof(millrace_handler),
        .name = strdup(name),
        .summary = strdup(summary),
        .parameter_schema = strdup(schema),
        .run = one->run,
        .limits = limits,
        .timeout_ms = timeout,
        .max_attempts = attempts,
        .flags = (uint32_t)flags,
        .retry_delay_ms = delay,
        .concurrency = concurrency,
    };
    return one->name && one->summary && one->parameter_schema ? 0 : -1;
}

/* What is wrong with the plugin as a whole. */
static void refuse(catalog *all, const char *why) {
    all->handler_count = 0;
    all->problems = calloc(2, sizeof *all->problems);
    if (all->problems != NULL) all->problems[0] = strdup(why);
}

static int read_all(catalog *all, PyObject *handlers, PyObject *problems, catalog_run run) {
    size_t count = (size_t)PyList_GET_SIZE(handlers), problem_count = (size_t)PyList_GET_SIZE(problems);
    all->handlers = calloc(count + 1, sizeof *all->handlers);
    all->problems = calloc(problem_count + 1, sizeof *all->problems);
    millrace_limits *limits = calloc(count + 1, sizeof *limits);
    if (all->handlers == NULL || all->problems == NULL || limits == NULL) return -1;
    for (size_t i = 0; i < count; i++) {
        all->handlers[i].run = run;
        PyObject *tuple = PyList_GET_ITEM(handlers, (Py_ssize_t)i);
        if (read_handler(tuple, &all->handlers[i], &limits[i]) < 0) return -1;
    }
    for (size_t i = 0; i < problem_count; i++) {
        const char *text = PyUnicode_AsUTF8(PyList_GET_ITEM(problems, (Py_ssize_t)i));
        if (text == NULL || (all->problems[i] = strdup(text)) == NULL) return -1;
    }
    all->handler_count = count;
    return 0;
}

/* Returns a function of `millrace.describe`, which imports `millrace.schema`. */
static PyObject *describing(const char *name) {
    PyObject *other = interpreter_function("millrace.schema", "derive");
    Py_XDECREF(other);
    return other ? interpreter_function("millrace.describe", name) : NULL;
}

void catalog_read(catalog *all, catalog_run run) {
    PyObject *handlers, *problems;
    int is_unfinished;
    PyObject *function = describing("describe");
    PyObject *told = function ? PyObject_CallNoArgs(function) : NULL;
    Py_XDECREF(function);
    if (told == NULL ||
        !PyArg_ParseTuple(told, "O!O!p", &PyList_Type, &handlers, &PyList_Type, &problems, &is_unfinished) ||
        read_all(all, handlers, problems, run) < 0) {
        refuse(all, interpreter_words());
    } else {
        all->is_unfinished = is_unfinished;
    }
    Py_XDECREF(told);
}

void catalog_read_names(catalog *all, catalog_run run) {
    PyObject *function = interpreter_function("millrace.files", "index"), *name;
    PyObject *places = function ? PyObject_CallNoArgs(function) : NULL;
    Py_XDECREF(function);
    Py_ssize_t count = places ? PyDict_Size(places) : 0, position = 0;
    all->handlers = calloc((size_t)count + 1, sizeof *all->handlers);
    if (places == NULL || all->handlers == NULL || interpreter_set("millrace.job", "places", places) < 0) {
        return refuse(all, interpreter_words());
    }
    while (PyDict_Next(places, &position, &name, NULL)) {
        const char *text = PyUnicode_AsUTF8(name);
        if (text == NULL) return refuse(all, interpreter_words());
        all->handlers[all->handler_count++] = (millrace_handler){
            .size = sizeof(millrace_handler), .name = strdup(text), .summary = "", .run = run};
    }
}

int catalog_warm_up(void) {
    PyObject *other = describing("sharable");
    Py_XDECREF(other);
    PyObject *function = other ? interpreter_function("millrace.job", "warm_up") : NULL;
    PyObject *done = function ? PyObject_CallNoArgs(function) : NULL;
    Py_XDECREF(function);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}
