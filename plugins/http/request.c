#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "operator.h"

#define CONNECT_SECONDS 10.0

/* What libcurl sets itself: a second one would contradict it, or smuggle another request behind this one. */
static const char *const reserved[] = {
    "connection", "content-length", "expect", "host", "keep-alive", "proxy-connection",
    "te",         "trailer",        "transfer-encoding", "upgrade", NULL,
};

/* Whether a name is a token (https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2). */
static int is_token(const char *name) {
    static const char token[] = "!#$%&'*+-.^_`|~0123456789"
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return name[0] != 0 && name[strspn(name, token)] == 0;
}

/* Whether a value has no control character but tabs: a line's end would begin another header. */
static int is_clean(const char *value) {
    for (const unsigned char *byte = (const unsigned char *)value; *byte != 0; byte++) {
        if ((*byte < 0x20 && *byte != '\t') || *byte == 0x7f) return 0;
    }
    return 1;
}

static void check_header(parameters *all, const char *set, const char *name, const json_t *value) {
    for (int i = 0; reserved[i] != NULL; i++) {
        if (strcasecmp(reserved[i], name) == 0) {
            parameters_refuse(all, "`%s` may not have `%.80s`: it follows from the request", set, name);
        }
    }
    if (!is_token(name)) {
        parameters_refuse(all, "`%s` has a name that no header can have", set);
    } else if (!json_is_string(value)) {
        parameters_refuse(all, "`%s.%.80s` must be a string", set, name);
    } else if (!is_clean(json_string_value(value))) {
        parameters_refuse(all, "`%s.%.80s` has a line's end or another control character", set, name);
    }
}

static json_t *read_headers(parameters *all, const char *set) {
    json_t *headers = parameters_value(all, set, JSON_OBJECT), *value;
    const char *name;
    json_object_foreach(headers, name, value) check_header(all, set, name, value);
    return headers;
}

static json_t *read_rules(parameters *all) {
    json_t *rules = parameters_value(all, "allow", JSON_ARRAY), *rule;
    size_t index;
    if (rules != NULL && json_array_size(rules) == 0) parameters_refuse(all, "`allow` names no host");
    json_array_foreach(rules, index, rule) {
        const char *text = json_is_string(rule) ? json_string_value(rule) : "";
        const char *problem = target_rule_problem(text);
        if (problem != NULL) parameters_refuse(all, "`allow` has `%.80s`: %s", text, problem);
    }
    return rules;
}

void request_read(request *one, parameters *all) {
    const char *url = parameters_text(all, "url", NULL);
    const char *problem = url != NULL ? target_read(&one->to, url, NULL) : "it is missing";
    if (problem != NULL) parameters_refuse(all, "`url` can't be taken: %s", problem);
    one->headers = read_headers(all, "headers");
    one->secret_headers = read_headers(all, "secret_headers");
    one->allow = read_rules(all);
    one->only_public = parameters_flag(all, "public_only", 0);
    one->ca_file = parameters_text(all, "ca_file", NULL);
    one->deadline = clock_seconds(CLOCK_MONOTONIC) + parameters_number(all, "timeout", 30, 3600);
}

static int has_name(json_t *headers, const char *wanted) {
    const char *name;
    json_t *value;
    json_object_foreach(headers, name, value) {
        if (strcasecmp(name, wanted) == 0) return 1;
    }
    return 0;
}

int request_has_header(const request *one, const char *name) {
    return has_name(one->headers, name) || has_name(one->secret_headers, name);
}

static int is_on_list(const request *one) {
    size_t index;
    json_t *rule;
    if (one->allow == NULL) return 1;
    json_array_foreach(one->allow, index, rule) {
        if (target_fits(&one->to, json_string_value(rule))) return 1;
    }
    return 0;
}

int request_is_forbidden(const request *one, const millrace_context *context) {
    char problem[400];
    verdict operators = operator_says(&one->to, problem);
    if (operators == OPERATOR_UNCLEAR) {
        job_fail(context, "invalid_setting", FAIL_FOR_GOOD,
                 "will not ask `%s`: the operator's `" OPERATOR_RULES "` can't be used: %s", one->to.shown,
                 problem);
        return 1;
    }
    if (operators == OPERATOR_ALLOWS && is_on_list(one)) return 0;
    job_fail(context, "forbidden_host", FAIL_FOR_GOOD,
             "%s `%s`: the host `%s`, port %s, is not among those that %s",
             one->was_sent ? "will not follow a redirect to" : "will not ask", one->to.shown, one->to.host,
             one->to.port, operators == OPERATOR_FORBIDS ? "the operator allows" : "`allow` names");
    return 1;
}

/* Adds a header; NULL, and nothing is left, if there is no memory. */
static struct curl_slist *add(struct curl_slist *list, const char *name, const char *value) {
    char *line = NULL;
    /* libcurl's way to write a header without a value. */
    int length = value[0] != 0 ? asprintf(&line, "%s: %s", name, value) : asprintf(&line, "%s;", name);
    struct curl_slist *longer = length >= 0 ? curl_slist_append(list, line) : NULL;
    if (length >= 0) free(line);
    if (longer == NULL) curl_slist_free_all(list);
    return longer;
}

static struct curl_slist *add_all(struct curl_slist *list, json_t *headers, int has_content) {
    const char *name;
    json_t *value;
    json_object_foreach(headers, name, value) {
        int is_of_content = strncasecmp(name, "content-", 8) == 0;
        if (list != NULL && (has_content || !is_of_content)) list = add(list, name, json_string_value(value));
    }
    return list;
}

/* Makes the headers as they are now; NULL if there is no memory. */
static struct curl_slist *make_headers(const request *one) {
    /* Nothing waits for a word of the server before it sends the body. */
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    int has_content = one->content != NULL;
    if (list != NULL && has_content && !request_has_header(one, "content-type")) {
        /* libcurl would call it a form. */
        list = one->content_type != NULL ? add(list, "Content-Type", one->content_type)
                                         : curl_slist_append(list, "Content-Type:");
    }
    for (const struct curl_slist *own = one->own_headers; list != NULL && own != NULL; own = own->next) {
        list = curl_slist_append(list, own->data);
    }
    if (list != NULL) list = add_all(list, one->headers, has_content);
    if (list != NULL && !one->is_abroad) list = add_all(list, one->secret_headers, has_content);
    return list;
}

int request_may_repeat(const request *one) {
    return one->repeats == REPEAT_ALWAYS || (one->repeats == REPEAT_UNSENT && !one->was_sent) ? FAIL_RETRYABLE
                                                                                             : FAIL_FOR_GOOD;
}

static void fail(request *one, const fault *why, const millrace_context *context) {
    one->was_sent |= why->was_sent;
    int may_repeat = request_may_repeat(one) || strcmp(why->code, "cancelled") == 0;
    const char *more = why->may_pass && !may_repeat && one->repeats != REPEAT_NEVER
                           ? "; it is not sent again, since the server may have done what it asks for"
                           : "";
    job_fail(context, why->code, why->may_pass && may_repeat, "cannot finish `%s %s`: %s%s", one->method,
             one->to.shown, why->words, more);
}

int request_send(request *one, transfer *answer, const millrace_context *context) {
    struct curl_slist *headers = make_headers(one);
    *answer = (transfer){
        .to = &one->to,
        .method = one->method,
        .headers = headers,
        .content = one->content,
        .content_length = one->content_length,
        .deadline = one->deadline,
        .connect_seconds = CONNECT_SECONDS,
        .answer_max = one->answer_max,
        .only_public = one->only_public,
        .ca_file = one->ca_file,
    };
    int problem = headers == NULL;
    if (problem) {
        job_fail(context, "no_memory", FAIL_RETRYABLE, "there is no memory for the headers");
    } else if ((problem = transfer_run(answer, context)) != 0) {
        fail(one, &answer->fault, context);
    } else {
        one->was_sent = 1;
    }
    curl_slist_free_all(headers);
    return problem;
}
