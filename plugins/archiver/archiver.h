/* archiver.h: the two handlers, each in a file of its own. */
#ifndef ARCHIVER_ARCHIVER_H
#define ARCHIVER_ARCHIVER_H

#include "parameters.h"

extern const char archive_schema[], extract_schema[];
int archive_run(const millrace_job *job, const millrace_context *context);
int extract_run(const millrace_job *job, const millrace_context *context);

/* Names in archives are UTF-8, which libarchive takes for the names of files only in such a locale. Returns
 * MILLRACE_OK, or MILLRACE_FAILED and has said why. */
int archiver_use_utf8(const millrace_context *context);

/* Sets the result, an object, which it takes over. Returns as `job_result`. */
int archiver_answer(json_t *object, const millrace_context *context);

#endif
