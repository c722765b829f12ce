/* search.h: the handler `index.search`. */
#ifndef INDEX_SEARCH_H
#define INDEX_SEARCH_H

#include "millrace.h"

int search_run(const millrace_job *job, const millrace_context *context);

#endif
