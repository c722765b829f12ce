#include "interpreter.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "directory.h"

#define TEXT_OF(number) #number
#define VERSION(major, minor) TEXT_OF(major) "." TEXT_OF(minor)
/* Where Python looks for its library from; PATH has nothing to say. */
#define PROGRAM "/usr/bin/python" VERSION(PY_MAJOR_VERSION, PY_MINOR_VERSION)

/* Our modules, as text in this library. */
#pragma clang diagnostic ignored "-Wc23-extensions"
static const char main_text[] = {
#embed "millrace.py" suffix(, 0)
};
static const char files_text[] = {
#embed "files.py" suffix(, 0)
};
static const char schema_text[] = {
#embed "schema.py" suffix(, 0)
};
static const char describe_text[] = {
#embed "describe.py" suffix(, 0)
};
static const char job_text[] = {
#embed "job.py" suffix(, 0)
};

static const struct {
    const char *name, *text;
} modules[] = {
    {"millrace", main_text},         {"millrace.files", files_text},       {"millrace.schema", schema_text},
    {"millrace.describe", describe_text}, {"millrace.job", job_text},
};

/* Modules in C look for Python's symbols among those that are there for all; the host loads a plugin for
 * itself alone. */
static int share_symbols(void) {
    Dl_info place;
    return dladdr((void *)Py_InitializeFromConfig, &place) != 0 &&
           dlopen(place.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD) != NULL;
}

/* Returns one of our modules, borrowed; runs its text the first time. */
static PyObject *module(const char *name) {
    PyObject *known = PyDict_GetItemString(PyImport_GetModuleDict(), name);
    if (known != NULL) return known;
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        if (strcmp(modules[i].name, name) != 0) continue;
        char path[64];
        snprintf(path, sizeof path, "<%s>", name);
        PyObject *code = Py_CompileString(modules[i].text, path, Py_file_input);
        PyObject *made = code ? PyImport_ExecCodeModuleEx(name, code, path) : NULL;
        Py_XDECREF(code);
        Py_XDECREF(made); /* `sys.modules` has it. */
        return made;
    }
    PyErr_Format(PyExc_ImportError, "there is no module `%s`", name);
    return NULL;
}

/* The modules that others import, before those. */
static int make_modules(void) {
    PyObject *ours = module("millrace"), *nowhere = PyList_New(0);
    int error = ours == NULL || nowhere == NULL || PyObject_SetAttrString(ours, "__path__", nowhere) < 0;
    Py_XDECREF(nowhere);
    if (error || module("millrace.files") == NULL) return -1;
    PyObject *directory = PyUnicode_DecodeFSDefault(plugin_directory());
    error = directory == NULL || interpreter_set("millrace.files", "directory", directory) < 0;
    Py_XDECREF(directory);
    return error ? -1 : 0;
}

static PyStatus start(void) {
    PyPreConfig before;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    PyStatus status = Py_PreInitialize(&before);
    if (PyStatus_Exception(status)) return status;
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.install_signal_handlers = 0;
    config.write_bytecode = 0;
    status = PyConfig_SetBytesString(&config, &config.program_name, PROGRAM);
    if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    return status;
}

const char *interpreter_start(void) {
    static int is_started;
    if (is_started) return NULL;
    if (!share_symbols()) return "its symbols can't be shared";
    PyImport_AppendInittab("_millrace", bridge_make);
    PyStatus status = start();
    if (PyStatus_Exception(status)) return status.err_msg ? status.err_msg : "it ends at once";
    is_started = 1;
    return make_modules() < 0 ? interpreter_words() : NULL;
}

PyObject *interpreter_function(const char *name, const char *function) {
    PyObject *found = module(name);
    return found ? PyObject_GetAttrString(found, function) : NULL;
}

int interpreter_set(const char *name, const char *attribute, PyObject *value) {
    PyObject *found = module(name);
    return found ? PyObject_SetAttrString(found, attribute, value) : -1;
}

const char *interpreter_words(void) {
    static char words[512];
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    PyObject *text = value ? PyObject_Str(value) : NULL;
    const char *said = text ? PyUnicode_AsUTF8(text) : NULL;
    const char *name = type ? ((PyTypeObject *)type)->tp_name : "no exception";
    snprintf(words, sizeof words, "%s: %s", name, said ? said : "");
    PyErr_Clear();
    Py_XDECREF(text);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(trace);
    return words;
}

/* Code in Python forks by Python itself, which then needs no telling. */
static int is_told_of_forks;

static void before_fork(void) {
    if (is_told_of_forks) PyOS_BeforeFork();
}

static void after_fork_here(void) {
    if (is_told_of_forks) PyOS_AfterFork_Parent();
}

static void after_fork_there(void) {
    if (is_told_of_forks) PyOS_AfterFork_Child();
    is_told_of_forks = 0;
}

void interpreter_hear_of_forks(int does_hear) {
    static int is_registered;
    if (!is_registered) pthread_atfork(before_fork, after_fork_here, after_fork_there);
    is_registered = 1;
    is_told_of_forks = does_hear;
}
