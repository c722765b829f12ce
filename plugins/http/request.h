/* request.h: what both handlers have in common: where to, with which headers, what is allowed. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "parameters.h"
#include "transfer.h"

/* When another attempt may send the request again. */
enum { REPEAT_UNSENT, REPEAT_ALWAYS, REPEAT_NEVER };

/* A request as it stands: redirects change it. */
typedef struct request {
    target to;
    const char *method;
    const void *content;
    size_t content_length;
    /* Unless the headers have one; NULL for none. */
    const char *content_type;
    json_t *headers, *secret_headers;
    /* Headers of this handler's own, or NULL. */
    struct curl_slist *own_headers;
    /* The rules of hosts; NULL: every host. */
    json_t *allow;
    int only_public;
    const char *ca_file;
    size_t answer_max;
    /* Seconds on CLOCK_MONOTONIC. */
    double deadline;
    int repeats;
    /* Whether a server has had it, whole or in part. */
    int was_sent;
    /* Whether it has left the origin that its secrets are for. */
    int is_abroad;
} request;

/* The properties of the schema that `request_read` reads; without a comma at the end. */
#define REQUEST_PROPERTIES                                                                                  \
    "\"url\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":8192,"                                      \
    "\"description\":\"an address of http or https\"},"                                                     \
    "\"headers\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"},"                      \
    "\"description\":\"headers of the request\"},"                                                          \
    "\"secret_headers\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"},"               \
    "\"writeOnly\":true,\"description\":\"headers that nobody is shown, such as Authorization; they go to " \
    "the origin of the url only\"},"                                                                        \
    "\"allow\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1,\"maxItems\":100,"        \
    "\"description\":\"the only hosts that may be asked, redirects included: `example.org`, "               \
    "`*.example.org`, `example.org:8443`; default: every host\"},"                                          \
    "\"public_only\":{\"type\":\"boolean\",\"default\":false,"                                              \
    "\"description\":\"whether only addresses of the public internet are connected to\"},"                  \
    "\"ca_file\":{\"type\":\"string\",\"minLength\":1,\"description\":\"certificates (PEM) that are "       \
    "trusted in the place of the machine's\"},"                                                             \
    "\"timeout\":{\"type\":\"number\",\"minimum\":0.1,\"maximum\":3600,\"default\":30,"                     \
    "\"description\":\"seconds for all of it\"}"

/* Reads them; what does not fit is remembered in `all`. */
void request_read(request *one, parameters *all);

/* Whether the job says something about a header, in any case of letters. */
int request_has_header(const request *one, const char *name);

/* Returns 0, or has failed the job: the host is not among those that it allows, or its operator. */
int request_is_forbidden(const request *one, const millrace_context *context);

/* Sends it. Returns 0 if there is an answer, or has failed the job. */
int request_send(request *one, transfer *answer, const millrace_context *context);

/* Whether another attempt may send it again, though a server had it: FAIL_RETRYABLE or FAIL_FOR_GOOD. */
int request_may_repeat(const request *one);

#endif
