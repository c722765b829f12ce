/* sign.h: signatures that show a receiver who sends, with HMAC and SHA-256. */
#ifndef HTTP_SIGN_H
#define HTTP_SIGN_H

#include <stddef.h>
#include <stdint.h>

/* A secret: of 512 bytes at most. */
typedef struct secret {
    unsigned char bytes[512];
    size_t length;
} secret;

enum { SIGN_BASE64 = 45, SIGN_HEX = 65 };

/* Reads `whsec_` and base64, or a text that is the secret itself. Returns NULL, or what is wrong with it. */
const char *sign_read_secret(secret *one, const char *text);

/* Signs `id.timestamp.body` as Standard Webhooks has it, in base64
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). Returns 0,
 * or 1 if libcrypto can't. */
int sign_standard(const secret *one, const char *id, int64_t time, const void *body, size_t length,
                  char signature[SIGN_BASE64]);

/* Signs a body as GitHub does, in hexadecimal
 * (https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries). Returns 0, or 1 if
 * libcrypto can't. */
int sign_github(const secret *one, const void *body, size_t length, char signature[SIGN_HEX]);

#endif
