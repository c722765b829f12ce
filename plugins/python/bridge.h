/* bridge.h: what Python code can ask and tell of the job that runs: the module `_millrace`. */
#ifndef PYTHON_BRIDGE_H
#define PYTHON_BRIDGE_H

#include "millrace.h"

/* Says which job the module speaks of from now on. */
void bridge_use(const millrace_job *job, const millrace_context *context);

#endif
