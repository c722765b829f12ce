/* spin.h: the handlers of this plugin. */
#ifndef SPIN_SPIN_H
#define SPIN_SPIN_H

#include "parameters.h"

/* Burns processor time in threads. */
int burn(const millrace_job *job, const millrace_context *context);
extern const char burn_schema[];

/* Forks children that do nothing, and counts those that were refused. */
int forks(const millrace_job *job, const millrace_context *context);
extern const char forks_schema[];

/* Does nothing for a while. */
int nap(const millrace_job *job, const millrace_context *context);
extern const char nap_schema[];

#endif
