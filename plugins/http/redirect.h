/* redirect.h: an answer that sends the request elsewhere; what may be followed is checked before anything is
 * connected to. */
#ifndef HTTP_REDIRECT_H
#define HTTP_REDIRECT_H

#include "request.h"

/* Whether an answer is a redirect that can be followed. */
int redirect_is_one(const transfer *answer);

/* Turns the request to where the answer sends it. Returns 0, or has failed the job. */
int redirect_take(request *one, const transfer *answer, const millrace_context *context);

#endif
