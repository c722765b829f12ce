/* interpreter.h: CPython in this process, with our modules in it. */
#ifndef PYTHON_INTERPRETER_H
#define PYTHON_INTERPRETER_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Starts Python, once. Nothing of the environment counts: neither variables nor the user's own packages.
 * Returns NULL, or why it does not start. */
const char *interpreter_start(void);

/* Returns the function of one of our modules, `millrace.NAME`; NULL with a Python exception. */
PyObject *interpreter_function(const char *module, const char *name);

/* Sets an attribute of one of our modules; returns -1 with a Python exception. */
int interpreter_set(const char *module, const char *name, PyObject *value);

/* Lets Python know of each fork of this process, or not: the host's own it must, those by Python it does. */
void interpreter_hear_of_forks(int does_hear);

/* Returns the exception that is set as one line, and clears it; it lives until the next call. */
const char *interpreter_words(void);

/* Makes the built-in module `_millrace` (`bridge.c`). */
PyObject *bridge_make(void);

#endif
