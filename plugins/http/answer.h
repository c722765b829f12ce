/* answer.h: an answer as a job's result. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "parameters.h"
#include "transfer.h"

/* Sets the body, with its media type. Returns MILLRACE_OK, or has failed the job. */
int answer_body(const transfer *answer, const millrace_context *context);

/* Sets all of it as a JSON object. Returns MILLRACE_OK, or has failed the job. */
int answer_whole(const transfer *answer, const millrace_context *context);

/* Puts the beginning of an answer that is text into the log: it may tell why. */
void answer_log(const transfer *answer, const millrace_context *context);

#endif
