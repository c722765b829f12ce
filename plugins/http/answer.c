#include "answer.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* What the runner takes as a media type, and what of an answer the log shows. */
enum { MEDIA_TYPE_MAX = 127, LOGGED_MAX = 1000 };

static const char *media_type(const transfer *answer) {
    const char *type = transfer_field(answer, "content-type");
    if (type == NULL || strlen(type) > MEDIA_TYPE_MAX) return "application/octet-stream";
    for (const char *letter = type; *letter != 0; letter++) {
        if (*letter < 0x20 || *letter > 0x7e) return "application/octet-stream";
    }
    return type;
}

int answer_body(const transfer *answer, const millrace_context *context) {
    const body *all = &answer->answer;
    return job_result(context, all->length > 0 ? all->bytes : "", all->length, media_type(answer));
}

/* A text that is no UTF-8 is read as Latin 1, in which every byte is a letter. */
static json_t *text_of(const char *bytes) {
    json_t *text = json_string(bytes);
    size_t length = strlen(bytes), end = 0;
    char *wide = text == NULL ? malloc(2 * length + 1) : NULL;
    if (wide == NULL) return text;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte >= 0x80) wide[end++] = (char)(0xc0 | byte >> 6);
        wide[end++] = byte >= 0x80 ? (char)(0x80 | (byte & 0x3f)) : (char)byte;
    }
    text = json_stringn(wide, end);
    free(wide);
    return text;
}

/* The headers by their names in lower case; those that came several times, with commas between. */
static json_t *headers_of(const transfer *answer) {
    json_t *all = json_object();
    struct curl_header *field = NULL;
    while ((field = curl_easy_nextheader(answer->handle, CURLH_HEADER, -1, field)) != NULL) {
        char name[256];
        size_t length = strnlen(field->name, sizeof name - 1);
        for (size_t i = 0; i < length; i++) {
            name[i] = (char)(field->name[i] | (field->name[i] >= 'A' && field->name[i] <= 'Z' ? 0x20 : 0));
        }
        name[length] = 0;
        json_t *value = text_of(transfer_text(field)), *former = json_object_get(all, name);
        if (former != NULL) {
            json_t *both = json_sprintf("%s, %s", json_string_value(former), json_string_value(value));
            json_decref(value);
            value = both;
        }
        if (value != NULL) json_object_set_new(all, name, value);
    }
    return all;
}

/* Adds the body: as text if it is that, else in base64. Returns 0, or 1 if there is no memory. */
static int add_body(json_t *all, const body *body) {
    json_t *text = json_stringn(body->length > 0 ? body->bytes : "", body->length);
    if (text != NULL) return json_object_set_new(all, "body", text) != 0;
    unsigned char *encoded = malloc((body->length + 2) / 3 * 4 + 1);
    if (encoded == NULL) return 1;
    int length = EVP_EncodeBlock(encoded, (unsigned char *)body->bytes, (int)body->length);
    int problem = json_object_set_new(all, "body_base64", json_stringn((char *)encoded, (size_t)length)) != 0;
    free(encoded);
    return problem;
}

int answer_whole(const transfer *answer, const millrace_context *context) {
    char *address = NULL;
    curl_easy_getinfo(answer->handle, CURLINFO_EFFECTIVE_URL, &address);
    json_t *all = json_pack("{s:I, s:o, s:o}", "status", (json_int_t)answer->status, "url",
                            text_of(address != NULL ? address : ""), "headers", headers_of(answer));
    char *text = all == NULL || add_body(all, &answer->answer) ? NULL : json_dumps(all, JSON_COMPACT);
    if (text == NULL) return job_fail(context, "no_memory", FAIL_RETRYABLE, "no memory for the result");
    return job_result(context, text, strlen(text), "application/json");
}

void answer_log(const transfer *answer, const millrace_context *context) {
    size_t length = answer->answer.length < LOGGED_MAX ? answer->answer.length : LOGGED_MAX;
    /* What is cut may be a letter of several bytes. */
    for (size_t cut = 0; cut < 4 && cut < length; cut++) {
        json_t *text = json_stringn(answer->answer.bytes, length - cut);
        if (text == NULL) continue;
        job_log(context, MILLRACE_LOG_INFO, "the answer: %.*s%s", (int)(length - cut), answer->answer.bytes,
                length < answer->answer.length ? "…" : "");
        json_decref(text);
        return;
    }
}
