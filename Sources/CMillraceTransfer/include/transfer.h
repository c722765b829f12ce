/* transfer.h: one request by HTTP and its answer, with libcurl: bounded in time and size, ended at once by
 * SIGTERM, certificates always checked, no proxy, and no redirect followed: that is for the caller to decide.
 */
#ifndef MILLRACE_TRANSFER_H
#define MILLRACE_TRANSFER_H

#include <curl/curl.h>
#include <stdint.h>

#include "millrace.h"
#include "target.h"

/* Why no answer came. */
typedef struct fault {
    /* For `job_fail`; NULL if nothing is wrong. */
    const char *code;
    char words[400];
    /* Whether it may be better another time. */
    int may_pass;
    /* Whether the server may have got the request. */
    int was_sent;
} fault;

/* The bytes of a body. */
typedef struct body {
    char *bytes;
    size_t length, room;
} body;

/* A request and its answer. Zeroed, then filled in as far as needed. */
typedef struct transfer {
    /* What is asked. */
    const target *to;
    const char *method;
    /* "name: value"; the caller's. */
    struct curl_slist *headers;
    /* What is sent; NULL for a request without a body. */
    const void *content;
    size_t content_length;
    /* Seconds on CLOCK_MONOTONIC until which all must be done. */
    double deadline;
    /* Seconds for the connection; 0 for as long as all may take. */
    double connect_seconds;
    /* The most bytes of the answer's body. */
    size_t answer_max;
    /* Whether only addresses of the public internet are connected to. */
    int only_public;
    /* Whether nothing is asked once the connection is there. */
    int only_connects;
    /* Whether the status is all that is wanted: it ends where the body begins. */
    int only_status;
    /* The certificates to trust in the place of the machine's; NULL for those. */
    const char *ca_file;

    /* What came. */
    long status;
    body answer;
    double seconds;
    fault fault;

    CURL *handle;
    size_t head_length;
    int is_too_large;
    char refused[64];
    char words[CURL_ERROR_SIZE];
} transfer;

/* Makes it. Returns 0 if there is an answer, whatever its status; else 1, and `fault` says why. To be ended
 * either way. */
int transfer_run(transfer *one, const millrace_context *context);

/* Returns the first header of the answer with this name, which lives as long as it does; NULL if there is
 * none or an empty one. */
const char *transfer_field(const transfer *one, const char *name);

/* Returns the text of a header: libcurl 7.88 leaves the end of the line in an empty one. */
const char *transfer_text(const struct curl_header *field);

/* Gives back what it holds. */
void transfer_end(transfer *one);

#endif
