/* What Go can't call: the functions of a context. */
#include "millrace.h"

int job_cancelled(const millrace_context *context);
int job_log(const millrace_context *context, const char *message);
int job_progress(const millrace_context *context, double fraction, const char *message);
int job_result(const millrace_context *context, const void *bytes, size_t length, const char *media_type);
int job_fail(const millrace_context *context, const char *code, const char *message, int retryable);
