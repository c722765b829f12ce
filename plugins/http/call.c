#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "redirect.h"
#include "request.h"
#include "waits.h"

const char call_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"url\"],\"properties\":{"
    "\"method\":{\"type\":\"string\",\"enum\":[\"GET\",\"HEAD\",\"OPTIONS\",\"PUT\",\"DELETE\",\"POST\","
    "\"PATCH\"],\"default\":\"GET\"},"
    "\"body\":{\"type\":\"string\",\"description\":\"what is sent; default: the job's input\"},"
    "\"json\":{\"type\":[\"object\",\"array\"],\"description\":\"what is sent, as application/json\"},"
    "\"ok_statuses\":{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"minimum\":200,\"maximum\":599},"
    "\"minItems\":1,\"maxItems\":100,"
    "\"description\":\"the statuses that count as success; default: 200 to 299\"},"
    "\"redirects\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":20,\"default\":5,"
    "\"description\":\"how many are followed\"},"
    "\"max_bytes\":{\"type\":[\"integer\",\"string\"],\"default\":\"8M\","
    "\"description\":\"the longest body that is taken\"},"
    "\"result\":{\"type\":\"string\",\"enum\":[\"body\",\"answer\"],\"default\":\"body\",\"description\":"
    "\"the body with its media type, or status, address, headers and body as JSON\"},"
    "\"retry\":{\"type\":\"string\",\"enum\":[\"idempotent\",\"always\",\"never\"],"
    "\"default\":\"idempotent\",\"description\":\"which requests another attempt sends again that a server "
    "may have had: those whose method allows it, all, or none\"},"
    "\"max_wait\":{\"type\":\"number\",\"minimum\":0,\"maximum\":86400,\"default\":3600,\"description\":"
    "\"how many seconds the job waits when a server asks it to (Retry-After)\"}," REQUEST_PROPERTIES "}}";

static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH", NULL};
static const char *const results[] = {"body", "answer", NULL};
static const char *const retries[] = {"idempotent", "always", "never", NULL};

/* Their places in `methods`. */
enum { GET, HEAD, OPTIONS, PUT, DELETE, POST, PATCH };

/* The longest body that may be asked for: as text in JSON it grows. */
#define ANSWER_MAX ((int64_t)1 << 30)

typedef struct course {
    request request;
    json_t *ok_statuses;
    int64_t redirects;
    double max_wait;
    int is_whole;
    waits waits;
} course;

static void read_content(request *one, int method, parameters *all, const millrace_job *job) {
    const char *text = parameters_text(all, "body", NULL);
    const json_t *value = json_object_get(all->object, "json");
    int sources = (text != NULL) + (value != NULL) + (job->input_length > 0);
    if (sources > 1) parameters_refuse(all, "`body`, `json` and the job's input can't be sent all");
    if (sources > 0 && method <= HEAD) parameters_refuse(all, "a %s has no body", one->method);
    if (value != NULL) {
        char *made = json_dumps(value, JSON_COMPACT);
        if (made == NULL) parameters_refuse(all, "`json` must be an object or an array");
        text = made;
        one->content_type = "application/json";
    }
    if (text != NULL) {
        one->content = text;
        one->content_length = strlen(text);
    } else if (job->input_length > 0) {
        one->content = job->input;
        one->content_length = job->input_length;
    } else if (method == PUT || method >= POST) {
        one->content = "";
    }
}

static void read_statuses(course *all, parameters *given) {
    size_t index;
    json_t *status;
    all->ok_statuses = parameters_value(given, "ok_statuses", JSON_ARRAY);
    json_array_foreach(all->ok_statuses, index, status) {
        if (!json_is_integer(status)) parameters_refuse(given, "`ok_statuses` must be whole numbers");
    }
}

static void read_course(course *all, parameters *given, const millrace_job *job) {
    request *one = &all->request;
    request_read(one, given);
    int method = parameters_choice(given, "method", methods);
    one->method = methods[method];
    read_content(one, method, given, job);
    read_statuses(all, given);
    all->redirects = parameters_integer(given, "redirects", 5, 0, 20);
    all->max_wait = parameters_number(given, "max_wait", 3600, 86400);
    all->is_whole = parameters_choice(given, "result", results);
    int64_t longest = parameters_size(given, "max_bytes", 8 << 20);
    if (longest > ANSWER_MAX) parameters_refuse(given, "`max_bytes` may be at most 1G");
    one->answer_max = (size_t)longest;
    int retry = parameters_choice(given, "retry", retries);
    one->repeats = retry == 2 ? REPEAT_NEVER : retry == 1 || method < POST ? REPEAT_ALWAYS : REPEAT_UNSENT;
    waits_read(&all->waits, job);
}

static int is_ok(const course *all, long status) {
    size_t index;
    json_t *ok;
    if (all->ok_statuses == NULL) return status >= 200 && status < 300;
    json_array_foreach(all->ok_statuses, index, ok) {
        if (json_integer_value(ok) == status) return 1;
    }
    return 0;
}

/* Whether the same request may be answered otherwise later: after a timeout, in too early a handshake, at too
 * many requests, and when the server or one behind it has a problem. */
static int may_pass(long status) {
    return status == 408 || status == 425 || status == 429 || status == 500 ||
           (status >= 502 && status <= 504);
}

/* Says that the status is none of those that are wanted, or waits for as long as the server wants it. */
static int judge(course *all, const transfer *answer, const millrace_context *context) {
    request *one = &all->request;
    char code[24];
    snprintf(code, sizeof code, "status_%ld", answer->status);
    /* Too many requests: this one was not looked at (https://www.rfc-editor.org/rfc/rfc6585#section-4). What
     * became a GET by a redirect had been done before. */
    int is_refused = answer->status == 429 && strcmp(one->method, "GET") != 0;
    if (is_refused && one->repeats == REPEAT_UNSENT) one->repeats = REPEAT_ALWAYS;
    int retryable = may_pass(answer->status) && request_may_repeat(one) == FAIL_RETRYABLE;
    double wait = retryable ? waits_asked(answer) : 0;
    answer_log(answer, context);
    if (wait > all->max_wait) {
        return job_fail(context, code, FAIL_FOR_GOOD,
                        "`%s %s` was answered with %ld: the server wants %.0f s of peace, `max_wait` is %.0f",
                        one->method, one->to.shown, answer->status, wait, all->max_wait);
    }
    if (wait > 0 && all->waits.count < WAITS_MAX) {
        all->waits.count++;
        if (waits_save(&all->waits, context)) return MILLRACE_FAILED;
        return job_snooze(context, wait, "`%s` answered with %ld and asks to wait", one->to.shown,
                          answer->status);
    }
    return job_fail(context, code, retryable, "`%s %s` was answered with %ld, which is not wanted",
                    one->method, one->to.shown, answer->status);
}

int call(const millrace_job *job, const millrace_context *context) {
    parameters given;
    course all = {0};
    parameters_open(&given, job);
    read_course(&all, &given, job);
    if (parameters_refused(&given, context)) return MILLRACE_FAILED;
    for (int64_t left = all.redirects;; left--) {
        transfer answer;
        if (request_is_forbidden(&all.request, context)) return MILLRACE_FAILED;
        job_progress(context, 0, "%s %s", all.request.method, all.request.to.shown);
        if (request_send(&all.request, &answer, context)) return MILLRACE_FAILED;
        job_log(context, MILLRACE_LOG_INFO, "%s %s: %ld, %zu bytes, %.3f s", all.request.method,
                all.request.to.shown, answer.status, answer.answer.length, answer.seconds);
        if (is_ok(&all, answer.status)) {
            return all.is_whole ? answer_whole(&answer, context) : answer_body(&answer, context);
        }
        if (all.redirects == 0 || !redirect_is_one(&answer)) return judge(&all, &answer, context);
        if (left == 0) {
            return job_fail(context, "too_many_redirects", FAIL_FOR_GOOD,
                            "`%s` redirects once more after %lld redirects", all.request.to.shown,
                            (long long)all.redirects);
        }
        if (redirect_take(&all.request, &answer, context)) return MILLRACE_FAILED;
        transfer_end(&answer);
    }
}
