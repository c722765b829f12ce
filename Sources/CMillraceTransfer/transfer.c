#include "transfer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "address.h"

/* The most bytes of an answer's heads: the last one, interim ones before it and trailers. */
enum { HEAD_MAX = 256 << 10, FIRST_ROOM = 16 << 10 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static size_t take_head(char *bytes, size_t one_byte, size_t count, void *context) {
    transfer *one = context;
    (void)bytes;
    (void)one_byte; /* It is 1. */
    one->head_length += count;
    one->is_too_large |= one->head_length > HEAD_MAX;
    return one->is_too_large ? 0 : count;
}

static size_t take_body(char *bytes, size_t one_byte, size_t count, void *context) {
    transfer *one = context;
    body *answer = &one->answer;
    (void)one_byte;
    if (one->only_status) return 0;
    if (count > one->answer_max - answer->length) {
        one->is_too_large = 1;
        return 0;
    }
    if (count > answer->room - answer->length) {
        size_t room = answer->room == 0 ? FIRST_ROOM : answer->room * 2;
        while (room < answer->length + count) room *= 2;
        char *larger = realloc(answer->bytes, room);
        if (larger == NULL) return 0;
        answer->bytes = larger;
        answer->room = room;
    }
    memcpy(answer->bytes + answer->length, bytes, count);
    answer->length += count;
    return count;
}

/* Looks at an address after its name was resolved, right before the connection: no second answer of a name
 * server can come between. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to) {
    transfer *one = context;
    (void)purpose;
    if (one->only_public && !address_is_public(&to->addr)) {
        const void *place = to->family == AF_INET6 ? (void *)&((struct sockaddr_in6 *)&to->addr)->sin6_addr
                                                   : (void *)&((struct sockaddr_in *)&to->addr)->sin_addr;
        if (inet_ntop(to->family, place, one->refused, sizeof one->refused) == NULL) one->refused[0] = '?';
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static void set_method(const transfer *one) {
    CURL *handle = one->handle;
    if (one->content != NULL) {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, one->content);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)one->content_length);
    } else if (strcmp(one->method, "HEAD") == 0) {
        curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    }
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, one->method);
}

static void set_bounds(transfer *one) {
    CURL *handle = one->handle;
    double left = one->deadline - now(), connect = one->connect_seconds;
    if (left < 0.001) left = 0.001; /* 0 stands for no bound. */
    if (connect <= 0 || connect > left) connect = left;
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)(left * 1000));
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, connect < 0.001 ? 1L : (long)(connect * 1000));
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, one);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, one);
}

/* Returns 0, or 1 if libcurl can't do what nothing may go without. The empty proxy is none, whatever the
 * environment says. */
static int set_up(transfer *one) {
    CURL *handle = one->handle;
    one->words[0] = 0;
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, one->words);
    curl_easy_setopt(handle, CURLOPT_CURLU, one->to->url);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "millrace"); /* If no header says otherwise. */
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, one->headers);
    set_method(one);
    set_bounds(one);
    curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, one->only_connects ? 1L : 0L);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L); /* A name server that hangs holds nothing up. */
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, one);
    CURLcode problem = curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    if (problem == CURLE_OK) problem = curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    if (problem == CURLE_OK) problem = curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    if (problem == CURLE_OK) problem = curl_easy_setopt(handle, CURLOPT_PROXY, "");
    if (problem == CURLE_OK) problem = curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    if (problem == CURLE_OK) problem = curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    if (problem == CURLE_OK && one->ca_file != NULL) {
        problem = curl_easy_setopt(handle, CURLOPT_CAINFO, one->ca_file);
        if (problem == CURLE_OK) problem = curl_easy_setopt(handle, CURLOPT_CAPATH, NULL);
    }
    return problem != CURLE_OK;
}

/* Lets libcurl work until it is done. Returns 0, or 1 if the job is to end.
 *
 * SIGTERM is held back meanwhile, and seen as something to read: it can't slip in before a wait, and comes to
 * Millrace's handler as soon as it is let through. */
static int drive(CURLM *all, const millrace_context *context) {
    sigset_t term, before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, &before);
    struct curl_waitfd wake = {.events = CURL_WAIT_POLLIN};
    wake.fd = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
    unsigned wakes = wake.fd >= 0; /* Without a descriptor for it SIGTERM is seen a second later. */
    int running = 1, is_cancelled = 0;
    while (!is_cancelled && curl_multi_perform(all, &running) == CURLM_OK && running > 0) {
        if (curl_multi_poll(all, &wake, wakes, 1000, NULL) != CURLM_OK) break;
        is_cancelled = wake.revents != 0 || context->cancelled(context);
    }
    if (wake.fd >= 0) close(wake.fd);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_cancelled;
}

static int fail(transfer *one, const char *code, int may_pass, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int fail(transfer *one, const char *code, int may_pass, const char *format, ...) {
    long sent = 0;
    va_list values;
    if (one->handle != NULL) curl_easy_getinfo(one->handle, CURLINFO_REQUEST_SIZE, &sent);
    one->fault.code = code;
    one->fault.may_pass = may_pass;
    one->fault.was_sent = sent > 0;
    va_start(values, format);
    vsnprintf(one->fault.words, sizeof one->fault.words, format, values);
    va_end(values);
    return 1;
}

static int fail_by_size(transfer *one) {
    if (one->head_length > HEAD_MAX) {
        return fail(one, "answer_too_large", 0, "the answer's headers are longer than %d KiB",
                    HEAD_MAX >> 10);
    }
    return fail(one, "answer_too_large", 0, "the answer is longer than %zu bytes", one->answer_max);
}

/* Says why there is no answer, by libcurl's code (https://curl.se/libcurl/c/libcurl-errors.html). */
static int explain(transfer *one, CURLcode problem) {
    const char *words = one->words[0] != 0 ? one->words : curl_easy_strerror(problem);
    if (one->is_too_large) return fail_by_size(one);
    if (one->only_status && problem == CURLE_WRITE_ERROR && one->status > 0) return 0;
    switch (problem) {
    case CURLE_OK: return 0;
    case CURLE_COULDNT_RESOLVE_HOST: return fail(one, "not_resolved", 1, "%s", words);
    case CURLE_COULDNT_CONNECT:
        if (one->refused[0] == 0) return fail(one, "not_connected", 1, "%s", words);
        return fail(one, "forbidden_address", 0, "`%s` is `%s`, no address of the public internet",
                    one->to->host, one->refused);
    case CURLE_OPERATION_TIMEDOUT: return fail(one, "timed_out", 1, "%s", words);
    case CURLE_PEER_FAILED_VERIFICATION: return fail(one, "not_trusted", 0, "%s", words);
    case CURLE_SSL_CACERT_BADFILE: return fail(one, "no_ca_file", 0, "%s", words);
    case CURLE_SSL_CONNECT_ERROR: return fail(one, "no_tls", 1, "%s", words);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY: return fail(one, "not_http", 0, "the answer is not HTTP: %s", words);
    case CURLE_OUT_OF_MEMORY:
    case CURLE_WRITE_ERROR: return fail(one, "no_memory", 1, "there is no memory for the answer");
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return fail(one, "broken_off", 1, "%s", words);
    default: return fail(one, "not_transferred", 1, "%s (libcurl %d)", words, problem);
    }
}

int transfer_run(transfer *one, const millrace_context *context) {
    signal(SIGPIPE, SIG_IGN); /* A server may close at any time. */
    CURLM *all = NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) one->handle = curl_easy_init();
    if (one->handle != NULL) all = curl_multi_init();
    if (all == NULL || set_up(one) || curl_multi_add_handle(all, one->handle) != CURLM_OK) {
        curl_multi_cleanup(all);
        return fail(one, "no_memory", 1, "libcurl can't be set up");
    }
    double start = now();
    int is_cancelled = drive(all, context), left = 0;
    one->seconds = now() - start;
    CURLMsg *last = curl_multi_info_read(all, &left);
    CURLcode problem = last != NULL && last->msg == CURLMSG_DONE ? last->data.result : CURLE_FAILED_INIT;
    curl_easy_getinfo(one->handle, CURLINFO_RESPONSE_CODE, &one->status);
    int is_bad = is_cancelled && last == NULL ? fail(one, "cancelled", 1, "the job was asked to stop")
                                              : explain(one, problem);
    curl_multi_remove_handle(all, one->handle);
    curl_multi_cleanup(all);
    return is_bad;
}

const char *transfer_field(const transfer *one, const char *name) {
    struct curl_header *field;
    CURLHcode problem = curl_easy_header(one->handle, name, 0, CURLH_HEADER, -1, &field);
    return problem == CURLHE_OK && transfer_text(field)[0] != 0 ? transfer_text(field) : NULL;
}

const char *transfer_text(const struct curl_header *field) {
    return field->value[0] == '\r' || field->value[0] == '\n' ? "" : field->value;
}

void transfer_end(transfer *one) {
    curl_easy_cleanup(one->handle);
    free(one->answer.bytes);
    one->handle = NULL;
    one->answer = (body){0};
}
