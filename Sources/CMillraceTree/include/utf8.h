/* utf8.h: bytes that are to be text. */
#ifndef MILLRACE_UTF8_H
#define MILLRACE_UTF8_H

#include <jansson.h>
#include <stddef.h>

/* Returns how many of the bytes at the beginning are whole, well-formed characters (RFC 3629). */
size_t utf8_length(const void *bytes, size_t length);

/* Returns a JSON text of a path; each byte that is no UTF-8 becomes U+FFFD. */
json_t *utf8_json(const char *path);

#endif
