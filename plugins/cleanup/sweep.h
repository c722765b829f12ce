/* sweep.h: picks files out of a tree and deletes them, the oldest first. */
#ifndef CLEANUP_SWEEP_H
#define CLEANUP_SWEEP_H

#include "parameters.h"
#include "patterns.h"
#include "report_list.h"
#include "tree_list.h"
#include "utf8.h"

/* What is to be deleted. */
typedef struct sweep_rules {
    /* Only these, if there are any; never those, nor what is in them. */
    patterns only, except;
    /* Nanoseconds since 1970: what was changed before goes; INT64_MIN: nothing by age. */
    int64_t before;
    /* Bytes that may stay: the oldest go until there are no more; -1: nothing by size. */
    int64_t keep_at_most;
    /* Whether directories that are empty then go, too. */
    int empties;
    /* Whether it is only told what would go. */
    int is_dry;
} sweep_rules;

typedef struct sweep_count {
    int64_t files, directories, bytes;
} sweep_count;

typedef struct sweep {
    const tree_root *root;
    const sweep_rules *rules;
    const millrace_context *context;
    tree_list list;
    sweep_count found, deleted;
    report_list report;
    /* What changed between the look at it and its deletion, and was kept; what could not be deleted. */
    int64_t changed, failed;
} sweep;

/* Deletes what the rules say. Returns 0, ECANCELED or ENOMEM; the counts are right in any case. */
int sweep_run(sweep *sweep, const tree_root *root, const sweep_rules *rules, const millrace_context *context);

#endif
