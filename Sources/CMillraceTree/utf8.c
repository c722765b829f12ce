#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns the length of the character at `bytes`; 0 if there is none. */
static size_t character(const unsigned char *bytes, size_t length) {
    if (bytes[0] < 0x80) return 1;
    size_t size = bytes[0] >= 0xC2 && bytes[0] <= 0xDF ? 2 : (bytes[0] & 0xF0) == 0xE0 ? 3 : 4;
    if (size == 4 && (bytes[0] < 0xF0 || bytes[0] > 0xF4)) return 0;
    if (size > length) return 0;
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xC0) != 0x80) return 0;
    }
    /* Longer than needed, surrogates, beyond U+10FFFF. */
    if (bytes[0] == 0xE0 && bytes[1] < 0xA0) return 0;
    if (bytes[0] == 0xED && bytes[1] > 0x9F) return 0;
    if (bytes[0] == 0xF0 && bytes[1] < 0x90) return 0;
    if (bytes[0] == 0xF4 && bytes[1] > 0x8F) return 0;
    return size;
}

size_t utf8_length(const void *bytes, size_t length) {
    const unsigned char *text = bytes;
    size_t done = 0, size;
    while (done < length && (size = character(text + done, length - done)) > 0) done += size;
    return done;
}

json_t *utf8_json(const char *path) {
    size_t length = strlen(path);
    if (utf8_length(path, length) == length) return json_string(path);
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) return NULL;
    while (length > 0) {
        size_t good = utf8_length(path, length);
        fwrite(path, 1, good, stream);
        path += good;
        length -= good;
        if (length == 0) break;
        fputs("\xEF\xBF\xBD", stream);
        path += 1;
        length -= 1;
    }
    json_t *value = fclose(stream) == 0 ? json_string(text) : NULL;
    free(text);
    return value;
}
