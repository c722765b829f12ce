/* apply.h: does what a plan says. */
#ifndef MIRROR_APPLY_H
#define MIRROR_APPLY_H

#include "plan.h"
#include "report_list.h"

typedef struct apply {
    plan *plan;
    const millrace_job *job;
    const millrace_context *context;
    /* Whether it is only told. */
    int is_dry;
    /* Whether nothing is deleted although the plan says so: the source could not be read whole. */
    int spares;
    int64_t copied, bytes, links, directories, touched, deleted, failed;
    report_list report;
} apply;

/* Deletes what is in the way, makes and copies, deletes the rest, then sets modes and times. Returns 0,
 * ECANCELED, or an errno that ends it all, as a full disk does. */
int apply_plan(apply *all);

#endif
