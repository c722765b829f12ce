/* patterns.h: names and paths that a job's parameters pick out, as a shell would write them. */
#ifndef MILLRACE_PATTERNS_H
#define MILLRACE_PATTERNS_H

#include "parameters.h"

/* How many patterns a parameter may have, and how long each may be. */
enum { PATTERNS_MAX = 100, PATTERN_LENGTH_MAX = 255 };

typedef struct patterns {
    /* An array of texts; NULL for none. */
    json_t *list;
} patterns;

/* What a schema says of such a parameter. */
#define PATTERNS_SCHEMA \
    "\"type\":\"array\",\"maxItems\":100,\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":255}"

/* Returns the patterns of an array of texts; none if it was not given. */
patterns parameters_patterns(parameters *all, const char *name);

/* Whether one of them matches the path: 1 or 0. A pattern without `/` is held against the last part of the
 * path; one with it against all of it, where `**` as a whole part stands for any number of parts. */
int patterns_match(const patterns *all, const char *path);

/* Whether there are any: 1 or 0. */
int patterns_are_given(const patterns *all);

#endif
