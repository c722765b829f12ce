/* waits.h: waits that a server asks for (Retry-After), and what the next attempt must know. */
#ifndef HTTP_WAITS_H
#define HTTP_WAITS_H

#include "parameters.h"
#include "transfer.h"

/* How often one job waits so before it counts as failed. */
enum { WAITS_MAX = 10 };

/* What one attempt leaves to the next, as a checkpoint. */
typedef struct waits {
    int64_t count;
    /* The id of a message; empty if there is none. */
    char id[129];
} waits;

/* Reads what an earlier attempt has left. */
void waits_read(waits *all, const millrace_job *job);

/* Saves it. Returns 0, or has failed the job. */
int waits_save(const waits *all, const millrace_context *context);

/* Returns for how many seconds an answer asks to wait; 0 if it doesn't. */
double waits_asked(const transfer *answer);

#endif
