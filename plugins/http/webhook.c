#include "webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "answer.h"
#include "request.h"
#include "sign.h"
#include "waits.h"

const char webhook_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"url\",\"secret\"],\"properties\":{"
    "\"payload\":{\"type\":[\"object\",\"array\"],"
    "\"description\":\"what is sent, as JSON; default: the job's input, which must be JSON\"},"
    "\"secret\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":700,\"writeOnly\":true,"
    "\"description\":\"what both sides know: `whsec_` and base64, or any text\"},"
    "\"signature\":{\"type\":\"string\",\"enum\":[\"standard\",\"github\"],\"default\":\"standard\","
    "\"description\":\"Standard Webhooks, or GitHub's X-Hub-Signature-256\"},"
    "\"event\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":128,\"default\":\"millrace\","
    "\"description\":\"GitHub's X-GitHub-Event\"},"
    "\"id\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":128,\"description\":"
    "\"the id of the message, the same in each attempt; default: one by lot\"},"
    "\"max_wait\":{\"type\":\"number\",\"minimum\":0,\"maximum\":86400,\"default\":3600,\"description\":"
    "\"how many seconds the job waits when the receiver asks it to (Retry-After)\"}," REQUEST_PROPERTIES "}}";

static const char *const signatures[] = {"standard", "github", NULL};

enum { STANDARD, GITHUB, ANSWER_MAX = 64 << 10, HEADER_MAX = 300, OWN_HEADERS = 3 };

#define INPUT_FLAGS (JSON_DECODE_ANY | JSON_ALLOW_NUL)

typedef struct message {
    request request;
    secret secret;
    int signature;
    const char *id, *event;
    double max_wait;
    waits waits;
} message;

/* What of a message is a header: a dot in an id would make two messages with one signature. */
static void check_word(parameters *all, const char *name, const char *text, const char *without) {
    for (const char *letter = text; *letter != 0; letter++) {
        if (*letter > 0x20 && *letter < 0x7f && strchr(without, *letter) == NULL) continue;
        parameters_refuse(all, "`%s` must be of printable ASCII without blanks%s", name,
                          without[0] != 0 ? " and dots" : "");
        return;
    }
}

static void read_payload(request *one, parameters *all, const millrace_job *job) {
    const json_t *payload = json_object_get(all->object, "payload");
    char *text = NULL;
    if (payload != NULL && job->input_length > 0) {
        parameters_refuse(all, "`payload` and the job's input can't be sent both");
    } else if (payload != NULL) {
        text = json_dumps(payload, JSON_COMPACT);
        if (text == NULL) parameters_refuse(all, "`payload` must be an object or an array");
    } else {
        json_error_t error;
        json_t *input = json_loadb((const char *)job->input, job->input_length, INPUT_FLAGS, &error);
        if (job->input_length == 0) parameters_refuse(all, "there is neither `payload` nor an input to send");
        if (input == NULL) parameters_refuse(all, "the job's input is not JSON: %s", error.text);
        json_decref(input);
    }
    one->content = text != NULL ? (const void *)text : job->input;
    one->content_length = text != NULL ? strlen(text) : job->input_length;
}

static void read_message(message *all, parameters *given, const millrace_job *job) {
    static const char *const own[] = {"webhook-id", "webhook-timestamp", "webhook-signature",
                                      "x-hub-signature-256", "x-github-delivery", "x-github-event"};
    request *one = &all->request;
    request_read(one, given);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (!request_has_header(one, own[i])) continue;
        parameters_refuse(given, "the header `%s` is for this handler to set", own[i]);
    }
    read_payload(one, given, job);
    const char *problem = sign_read_secret(&all->secret, parameters_text(given, "secret", ""));
    if (problem != NULL) parameters_refuse(given, "`secret` can't be taken: %s", problem);
    all->signature = parameters_choice(given, "signature", signatures);
    all->event = parameters_text(given, "event", "millrace");
    all->id = parameters_text(given, "id", NULL);
    check_word(given, "event", all->event, "");
    if (all->id != NULL) check_word(given, "id", all->id, ".");
    all->max_wait = parameters_number(given, "max_wait", 3600, 86400);
    waits_read(&all->waits, job);
    one->method = "POST";
    one->content_type = "application/json";
    one->answer_max = ANSWER_MAX;
    one->repeats = REPEAT_ALWAYS; /* The receiver knows by the id what it has had. */
}

/* Makes an id by lot and saves it before it is sent: the next attempt finds it. Returns 0, or has failed the
 * job. */
static int make_id(message *all, const millrace_context *context) {
    unsigned char lot[16];
    if (all->id == NULL && all->waits.id[0] == 0) {
        if (getrandom(lot, sizeof lot, 0) != sizeof lot) {
            job_fail(context, "no_id", FAIL_RETRYABLE, "the kernel gives no random bytes");
            return 1;
        }
        char *end = all->waits.id + sprintf(all->waits.id, "msg_");
        for (size_t i = 0; i < sizeof lot; i++) end += sprintf(end, "%02x", lot[i]);
        if (waits_save(&all->waits, context)) return 1;
    }
    if (all->id == NULL) all->id = all->waits.id;
    return 0;
}

/* Returns NULL, and nothing is left, if there is no memory. */
static struct curl_slist *list_of(char lines[OWN_HEADERS][HEADER_MAX]) {
    struct curl_slist *list = NULL;
    for (int i = 0; i < OWN_HEADERS; i++) {
        struct curl_slist *longer = curl_slist_append(list, lines[i]);
        if (longer == NULL) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

static struct curl_slist *standard_headers(const message *all) {
    char lines[OWN_HEADERS][HEADER_MAX], signature[SIGN_BASE64];
    const request *one = &all->request;
    int64_t now = time(NULL);
    if (sign_standard(&all->secret, all->id, now, one->content, one->content_length, signature)) return NULL;
    snprintf(lines[0], HEADER_MAX, "webhook-id: %s", all->id);
    snprintf(lines[1], HEADER_MAX, "webhook-timestamp: %lld", (long long)now);
    snprintf(lines[2], HEADER_MAX, "webhook-signature: v1,%s", signature);
    return list_of(lines);
}

static struct curl_slist *github_headers(const message *all) {
    char lines[OWN_HEADERS][HEADER_MAX], signature[SIGN_HEX];
    const request *one = &all->request;
    if (sign_github(&all->secret, one->content, one->content_length, signature)) return NULL;
    snprintf(lines[0], HEADER_MAX, "X-GitHub-Delivery: %s", all->id);
    snprintf(lines[1], HEADER_MAX, "X-GitHub-Event: %s", all->event);
    snprintf(lines[2], HEADER_MAX, "X-Hub-Signature-256: sha256=%s", signature);
    return list_of(lines);
}

/* Everything but success is tried again, as Standard Webhooks wants it; 410 says that nobody listens now. */
static int judge(message *all, const transfer *answer, const millrace_context *context) {
    char code[24];
    double wait = waits_asked(answer);
    snprintf(code, sizeof code, "status_%ld", answer->status);
    answer_log(answer, context);
    if (wait > 0 && wait <= all->max_wait && all->waits.count < WAITS_MAX && answer->status != 410) {
        all->waits.count++;
        if (waits_save(&all->waits, context)) return MILLRACE_FAILED;
        return job_snooze(context, wait, "`%s` answered with %ld and asks to wait", all->request.to.shown,
                          answer->status);
    }
    return job_fail(context, code, answer->status != 410 && wait <= all->max_wait,
                    "`%s` has not taken the message `%s`: it answered with %ld", all->request.to.shown,
                    all->id, answer->status);
}

int webhook(const millrace_job *job, const millrace_context *context) {
    parameters given;
    message all = {0};
    transfer answer;
    parameters_open(&given, job);
    read_message(&all, &given, job);
    if (parameters_refused(&given, context) || request_is_forbidden(&all.request, context) ||
        make_id(&all, context)) {
        return MILLRACE_FAILED;
    }
    struct curl_slist *own = all.signature == STANDARD ? standard_headers(&all) : github_headers(&all);
    if (own == NULL) return job_fail(context, "not_signed", FAIL_RETRYABLE, "cannot sign the message");
    all.request.own_headers = own;
    if (request_send(&all.request, &answer, context)) return MILLRACE_FAILED;
    if (answer.status < 200 || answer.status > 299) return judge(&all, &answer, context);
    json_t *result = json_pack("{s:s, s:I}", "id", all.id, "status", (json_int_t)answer.status);
    char *text = json_dumps(result, JSON_COMPACT);
    if (text == NULL) return job_fail(context, "no_memory", FAIL_RETRYABLE, "no memory for the result");
    return job_result(context, text, strlen(text), "application/json");
}
