/* outputs.h: the results of the jobs that a job depends on, as a program finds them. */
#ifndef EXEC_OUTPUTS_H
#define EXEC_OUTPUTS_H

#include "millrace.h"

/* Writes each result into a file `outputs/<name>` of the current directory, the job's own, and sets
 * MILLRACE_OUTPUTS to that directory; does nothing if there are none. Returns 0 or an errno. */
int outputs_write(const millrace_job *job);

#endif
