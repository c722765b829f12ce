#include "bridge.h"

#include <signal.h>

#include "interpreter.h"

extern char **environ;

static const millrace_job *job;
static const millrace_context *context;

/* What SIGTERM did before Python was told of it, and what Python does. */
static struct sigaction of_host, of_python;

void bridge_use(const millrace_job *its_job, const millrace_context *its_context) {
    job = its_job;
    context = its_context;
    sigaction(SIGTERM, NULL, &of_host);
}

/* What a call of the context that did nothing is in Python; the job's log has the reason. */
static PyObject *answer(int result, const char *what) {
    if (result == MILLRACE_OK) Py_RETURN_NONE;
    return PyErr_Format(PyExc_ValueError, "%s was not taken: the job's log says why", what);
}

static PyObject *tell_job(PyObject *self, PyObject *none) {
    (void)self, (void)none;
    PyObject *deadline =
        job->deadline_ms > 0 ? PyFloat_FromDouble((double)job->deadline_ms / 1000) : Py_NewRef(Py_None);
    return Py_BuildValue("{s:L,s:i,s:s,s:N,s:s,s:z,s:z}", "id", (long long)job->id, "attempt",
                         (int)job->attempt, "handler", job->handler, "deadline", deadline, "work_directory",
                         job->work_directory, "trace_parent", job->trace_parent, "affinity",
                         MILLRACE_HAS(job, affinity) ? job->affinity : NULL);
}

static PyObject *tell_input(PyObject *self, PyObject *none) {
    (void)self, (void)none;
    return PyBytes_FromStringAndSize((const char *)job->input, (Py_ssize_t)job->input_length);
}

static PyObject *tell_checkpoint(PyObject *self, PyObject *none) {
    (void)self, (void)none;
    if (!MILLRACE_HAS(job, checkpoint_length) || job->checkpoint == NULL) Py_RETURN_NONE;
    return PyBytes_FromStringAndSize((const char *)job->checkpoint, (Py_ssize_t)job->checkpoint_length);
}

static PyObject *tell_outputs(PyObject *self, PyObject *none) {
    (void)self, (void)none;
    size_t count = MILLRACE_HAS(job, output_count) ? job->output_count : 0;
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; i < count && list != NULL; i++) {
        const millrace_output *one = MILLRACE_OUTPUT(job, i);
        PyObject *bytes = PyBytes_FromStringAndSize((const char *)one->bytes, (Py_ssize_t)one->length);
        PyObject *item =
            bytes ? Py_BuildValue("(LsNz)", (long long)one->job, one->name, bytes, one->media_type) : NULL;
        if (item == NULL) Py_CLEAR(list);
        else PyList_SET_ITEM(list, (Py_ssize_t)i, item);
    }
    return list;
}

static PyObject *tell_environment(PyObject *self, PyObject *none) {
    (void)self, (void)none;
    PyObject *list = PyList_New(0);
    for (char **pair = environ; list != NULL && *pair != NULL; pair++) {
        PyObject *bytes = PyBytes_FromString(*pair);
        if (bytes == NULL || PyList_Append(list, bytes) < 0) Py_CLEAR(list);
        Py_XDECREF(bytes);
    }
    return list;
}

static PyObject *tell_cancelled(PyObject *self, PyObject *none) {
    (void)self, (void)none;
    return PyBool_FromLong(context->cancelled(context));
}

enum { MOST_FIELDS = 64 };

static PyObject *log_line(PyObject *self, PyObject *arguments) {
    (void)self;
    int level;
    const char *message;
    PyObject *list;
    if (!PyArg_ParseTuple(arguments, "isO!", &level, &message, &PyList_Type, &list)) return NULL;
    Py_ssize_t count = PyList_GET_SIZE(list);
    millrace_field fields[MOST_FIELDS];
    if (count > MOST_FIELDS) {
        return PyErr_Format(PyExc_ValueError, "a line has at most %d fields", MOST_FIELDS);
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *pair = PyList_GET_ITEM(list, i);
        if (!PyArg_ParseTuple(pair, "ss", &fields[i].name, &fields[i].value)) return NULL;
    }
    int result;
    Py_BEGIN_ALLOW_THREADS
    result = context->log(context, level, message, fields, (size_t)count);
    Py_END_ALLOW_THREADS
    return answer(result, "the line");
}

static PyObject *progress(PyObject *self, PyObject *arguments) {
    (void)self;
    double fraction;
    const char *message;
    if (!PyArg_ParseTuple(arguments, "dz", &fraction, &message)) return NULL;
    return answer(context->progress(context, fraction, message), "the progress");
}

static PyObject *set_result(PyObject *self, PyObject *arguments) {
    (void)self;
    const char *bytes, *media_type;
    Py_ssize_t length;
    if (!PyArg_ParseTuple(arguments, "y#s", &bytes, &length, &media_type)) return NULL;
    return answer(context->set_result(context, bytes, (size_t)length, media_type), "the result");
}

static PyObject *save(PyObject *self, PyObject *arguments) {
    (void)self;
    const char *bytes;
    Py_ssize_t length;
    if (!PyArg_ParseTuple(arguments, "y#", &bytes, &length)) return NULL;
    if (!MILLRACE_HAS(context, checkpoint)) {
        return PyErr_Format(PyExc_ValueError, "this runner is too old for checkpoints");
    }
    return answer(context->checkpoint(context, bytes, (size_t)length), "the checkpoint");
}

static void on_signal(int number) {
    of_host.sa_handler(number);
    of_python.sa_handler(number);
}

/* Has SIGTERM told to Python beside whoever heard of it before. */
static PyObject *hear_signals(PyObject *self, PyObject *none) {
    (void)self, (void)none;
    if (of_host.sa_handler == SIG_DFL || of_host.sa_handler == SIG_IGN) Py_RETURN_NONE;
    struct sigaction ours;
    sigaction(SIGTERM, NULL, &of_python);
    ours = of_python;
    ours.sa_handler = on_signal;
    sigaction(SIGTERM, &ours, NULL);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"job", tell_job, METH_NOARGS, NULL},
    {"input", tell_input, METH_NOARGS, NULL},
    {"checkpoint", tell_checkpoint, METH_NOARGS, NULL},
    {"outputs", tell_outputs, METH_NOARGS, NULL},
    {"environment", tell_environment, METH_NOARGS, NULL},
    {"cancelled", tell_cancelled, METH_NOARGS, NULL},
    {"log", log_line, METH_VARARGS, NULL},
    {"progress", progress, METH_VARARGS, NULL},
    {"set_result", set_result, METH_VARARGS, NULL},
    {"save", save, METH_VARARGS, NULL},
    {"hear_signals", hear_signals, METH_NOARGS, NULL},
    {0},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_millrace", .m_size = -1, .m_methods = functions,
};

PyObject *bridge_make(void) { return PyModule_Create(&definition); }
