/* check.h: one thing that is looked at, and what was seen. */
#ifndef HEALTH_CHECK_H
#define HEALTH_CHECK_H

#include "parameters.h"

/* What there is to look at, in the order of `check_kinds`. */
enum { CHECK_HTTP, CHECK_TCP, CHECK_DISK, CHECK_MEMORY, CHECK_LOAD, CHECK_FILE };

extern const char *const check_kinds[];

/* A check. */
typedef struct check {
    int kind;
    char name[240];
    /* An address, `host:port`, or a path. */
    const char *place;
    const char *ca_file;
    /* The statuses that are good; NULL: 200 to 299. */
    json_t *statuses;
    /* Seconds. */
    double timeout, max_age;
    int64_t min_bytes;
    double min_percent, max_load;

    /* What was seen: numbers, for the result. */
    json_t *figures;
    /* What is bad; empty if all is well. */
    char problem[480];
} check;

/* Reads a check from an element of the parameters. What does not fit is remembered in `all`. */
void check_read(check *one, parameters *all, json_t *element, size_t index);

/* Remembers what is bad. */
void check_fail(check *one, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Looks at a server; returns 0, or 1 if the job is to end. */
int check_server(check *one, const millrace_context *context);

/* Looks at this machine. */
void check_machine(check *one);

#endif
