/* report_list.h: what a result says of single files: the first ones, so that a report keeps a size. */
#ifndef MILLRACE_REPORT_LIST_H
#define MILLRACE_REPORT_LIST_H

#include <jansson.h>
#include <stddef.h>

/* How many entries a list has at most, and how many bytes their paths have. */
enum { REPORT_LIST_MAX = 1000, REPORT_LIST_BYTES_MAX = 128 << 10 };

typedef struct report_list {
    json_t *items;
    size_t bytes;
    /* Whether there were more. */
    int is_cut;
} report_list;

/* Adds an object with `path` and what `json_pack` makes of `format` ("" for nothing) and its values. */
void report_list_add(report_list *list, const char *path, const char *format, ...);

#endif
