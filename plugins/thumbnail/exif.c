#include <string.h>

#include "picture.h"

/* A TIFF block: numbers in the byte order that its first two bytes tell. */
typedef struct tiff {
    const uint8_t *bytes;
    size_t length;
    int is_little_endian;
} tiff;

/* Returns the number of `size` (2 or 4) bytes at `offset`; 0 beyond the end. */
static uint32_t number_at(const tiff *block, size_t offset, size_t size) {
    uint32_t number = 0;
    if (offset > block->length || size > block->length - offset) return 0;
    for (size_t i = 0; i < size; i++) {
        size_t place = block->is_little_endian ? size - 1 - i : i;
        number = number << 8 | block->bytes[offset + place];
    }
    return number;
}

int exif_orientation(const uint8_t *bytes, size_t length) {
    enum { TAG_ORIENTATION = 0x0112, ENTRY = 12 };
    if (length < 14 || memcmp(bytes, "Exif\0", 6) != 0) return 1;
    tiff block = {.bytes = bytes + 6, .length = length - 6, .is_little_endian = bytes[6] == 'I'};
    size_t directory = number_at(&block, 4, 4);
    size_t entries = number_at(&block, directory, 2);
    for (size_t i = 0; i < entries; i++) {
        size_t entry = directory + 2 + i * ENTRY;
        if (number_at(&block, entry, 2) != TAG_ORIENTATION) continue;
        int orientation = (int)number_at(&block, entry + 8, 2);
        return orientation >= 1 && orientation <= 8 ? orientation : 1;
    }
    return 1;
}
