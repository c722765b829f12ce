/* plan.h: what has to be done to make one tree like another. */
#ifndef MIRROR_PLAN_H
#define MIRROR_PLAN_H

#include "tree_list.h"

/* What is done for an entry of the source. */
typedef enum plan_action {
    PLAN_NOTHING,
    PLAN_MAKE_DIRECTORY,
    PLAN_COPY,
    PLAN_LINK,
    /* The bytes are right; permissions or times are not. */
    PLAN_TOUCH,
} plan_action;

/* What becomes of an entry of the target. */
typedef enum plan_fate {
    PLAN_STAYS,
    PLAN_GOES,
    /* It is in the way of what is to be copied. */
    PLAN_GOES_FIRST,
} plan_fate;

typedef struct plan {
    tree_root source, target;
    tree_list source_list, target_list;
    /* For each entry of the lists. */
    unsigned char *actions, *fates;
    int64_t deletions, passed_over;
    /* Whether files of one size are compared byte by byte, not by their times. */
    int compares_content;
    /* Whether what the source does not have goes. */
    int deletes;
    const millrace_context *context;
    /* What is in the way and may not go; NULL if nothing is. */
    const char *in_the_way;
} plan;

/* What of a file's mode is kept: not setuid and setgid, for the owner is another. */
enum { PLAN_MODES = 01777 };

/* Fills in actions, fates and counts from the lists. Returns 0, ECANCELED or ENOMEM. */
int plan_make(plan *plan);

#endif
