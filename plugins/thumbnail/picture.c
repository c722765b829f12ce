#include "picture.h"

#include <string.h>

static uint32_t big(const uint8_t *bytes, int count) {
    uint32_t number = 0;
    for (int i = 0; i < count; i++) number = number << 8 | bytes[i];
    return number;
}

static uint32_t little(const uint8_t *bytes, int count) {
    uint32_t number = 0;
    for (int i = count; i-- > 0;) number = number << 8 | bytes[i];
    return number;
}

/* PNG: the signature, then the chunk IHDR (https://www.w3.org/TR/png-3/). */
static picture probe_png(const uint8_t *bytes, size_t length) {
    picture found = {.format = PICTURE_UNKNOWN, .orientation = 1};
    if (length < 33 || memcmp(bytes + 12, "IHDR", 4) != 0) return found;
    found.format = PICTURE_PNG;
    found.width = big(bytes + 16, 4);
    found.height = big(bytes + 20, 4);
    return found;
}

/* GIF: the logical screen, in which every frame lies. */
static picture probe_gif(const uint8_t *bytes, size_t length) {
    picture found = {.format = PICTURE_UNKNOWN, .orientation = 1};
    if (length < 13) return found;
    found.format = PICTURE_GIF;
    found.width = little(bytes + 6, 2);
    found.height = little(bytes + 8, 2);
    return found;
}

/* JPEG: segments up to the start of frame, SOF0…SOF15 without DHT, JPG and DAC (ITU-T T.81). */
static picture probe_jpeg(const uint8_t *bytes, size_t length) {
    picture found = {.format = PICTURE_UNKNOWN, .orientation = 1};
    for (size_t at = 2; at + 4 <= length;) {
        uint8_t marker = bytes[at + 1];
        if (bytes[at] != 0xFF) return found;
        if (marker == 0xFF) { /* A fill byte. */
            at += 1;
            continue;
        }
        if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) { /* These bear no payload. */
            at += 2;
            continue;
        }
        size_t size = big(bytes + at + 2, 2);
        if (size < 2 || size > length - at - 2) return found;
        if (marker == 0xE1 && found.orientation == 1) {
            found.orientation = exif_orientation(bytes + at + 4, size - 2);
        }
        if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
            if (size < 8) return found;
            found.format = PICTURE_JPEG;
            found.height = big(bytes + at + 5, 2);
            found.width = big(bytes + at + 7, 2);
            return found;
        }
        at += 2 + size;
    }
    return found;
}

/* WebP: a RIFF file with VP8, VP8L or VP8X (https://developers.google.com/speed/webp/docs/riff_container). */
static picture probe_webp(const uint8_t *bytes, size_t length) {
    enum { ANIMATION = 0x02 };
    picture found = {.format = PICTURE_UNKNOWN, .orientation = 1};
    if (length < 30) return found;
    const uint8_t *chunk = bytes + 12, *payload = bytes + 20;
    found.format = PICTURE_WEBP;
    if (memcmp(chunk, "VP8X", 4) == 0) {
        found.is_animated = (payload[0] & ANIMATION) != 0;
        found.width = 1 + (int64_t)little(payload + 4, 3);
        found.height = 1 + (int64_t)little(payload + 7, 3);
    } else if (memcmp(chunk, "VP8L", 4) == 0) {
        uint32_t sizes = little(payload + 1, 4);
        found.width = 1 + (int64_t)(sizes & 0x3FFF);
        found.height = 1 + (int64_t)(sizes >> 14 & 0x3FFF);
    } else if (memcmp(chunk, "VP8 ", 4) == 0) {
        found.width = little(payload + 6, 2) & 0x3FFF;
        found.height = little(payload + 8, 2) & 0x3FFF;
    } else {
        found.format = PICTURE_UNKNOWN;
    }
    return found;
}

picture picture_probe(const uint8_t *bytes, size_t length) {
    if (length >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0) return probe_png(bytes, length);
    if (length >= 3 && memcmp(bytes, "\xFF\xD8\xFF", 3) == 0) return probe_jpeg(bytes, length);
    if (length >= 6 && memcmp(bytes, "GIF8", 4) == 0) return probe_gif(bytes, length);
    if (length >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0) {
        return probe_webp(bytes, length);
    }
    return (picture){.format = PICTURE_UNKNOWN};
}
