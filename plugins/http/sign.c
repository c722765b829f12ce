#include "sign.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE = 32 };

/* Decodes base64, strictly: EVP_DecodeBlock alone skips blanks and counts what fills up as bytes. Returns the
 * count of bytes, or 0 if it is none. */
static size_t decode(const char *text, unsigned char *bytes, size_t room) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = strlen(text), plain = strspn(text, letters), filled = length - plain;
    if (length == 0 || length % 4 != 0 || filled > 2 || length / 4 * 3 > room) return 0;
    if (text[plain + strspn(text + plain, "=")] != 0) return 0;
    int count = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)length);
    return count < (int)filled ? 0 : (size_t)count - filled;
}

const char *sign_read_secret(secret *one, const char *text) {
    static const char prefix[] = "whsec_";
    if (strncmp(text, prefix, sizeof prefix - 1) == 0) {
        one->length = decode(text + sizeof prefix - 1, one->bytes, sizeof one->bytes);
        return one->length > 0 ? NULL : "what follows `whsec_` is no base64 of 1 to 510 bytes";
    }
    one->length = strlen(text);
    if (one->length == 0) return "it is empty";
    if (one->length > sizeof one->bytes) return "it is longer than 512 bytes";
    memcpy(one->bytes, text, one->length);
    return NULL;
}

static int code_of(const secret *one, const void *message, size_t length, unsigned char code[CODE]) {
    return HMAC(EVP_sha256(), one->bytes, (int)one->length, message, length, code, NULL) == NULL;
}

int sign_standard(const secret *one, const char *id, int64_t time, const void *body, size_t length,
                  char signature[SIGN_BASE64]) {
    unsigned char code[CODE];
    char *message = NULL;
    int head = asprintf(&message, "%s.%lld.", id, (long long)time);
    if (head < 0) return 1;
    char *whole = realloc(message, (size_t)head + length + 1);
    int problem = whole == NULL;
    if (!problem) {
        memcpy(whole + head, body, length);
        problem = code_of(one, whole, (size_t)head + length, code);
        message = whole;
    }
    free(message);
    if (!problem) EVP_EncodeBlock((unsigned char *)signature, code, CODE);
    return problem;
}

int sign_github(const secret *one, const void *body, size_t length, char signature[SIGN_HEX]) {
    unsigned char code[CODE];
    if (code_of(one, body, length, code)) return 1;
    for (int i = 0; i < CODE; i++) snprintf(signature + 2 * i, 3, "%02x", code[i]);
    return 0;
}
