/* catalog.h: the handlers in the plugin's files. */
#ifndef PYTHON_CATALOG_H
#define PYTHON_CATALOG_H

#include "millrace.h"

typedef struct catalog {
    millrace_handler *handlers;
    size_t handler_count;
    /* What is wrong with files, ended by NULL. */
    const char **problems;
    /* Whether there was no time for some of them. */
    int is_unfinished;
} catalog;

/* What a handler is run by. */
typedef int (*catalog_run)(const millrace_job *, const millrace_context *);

/* Asks all files for their handlers. Python has been started. */
void catalog_read(catalog *all, catalog_run run);

/* Reads the names of all handlers, of files that can't be imported, too, and nothing else of them. */
void catalog_read_names(catalog *all, catalog_run run);

/* Imports what the files import that forks can share. Returns 0, or -1 with a Python exception. */
int catalog_warm_up(void);

#endif
