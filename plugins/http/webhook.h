/* webhook.h: the handler `notify.webhook`. */
#ifndef HTTP_WEBHOOK_H
#define HTTP_WEBHOOK_H

#include "millrace.h"

extern const char webhook_schema[];

/* Sends a signed message. */
int webhook(const millrace_job *job, const millrace_context *context);

#endif
