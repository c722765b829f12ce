/* call.h: the handler `http.request`. */
#ifndef HTTP_CALL_H
#define HTTP_CALL_H

#include "millrace.h"

extern const char call_schema[];

/* Makes a request, follows its redirects, and has the answer as the result. */
int call(const millrace_job *job, const millrace_context *context);

#endif
