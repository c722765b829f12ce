/* picture.h: what a picture's first bytes tell, before anything is decoded. */
#ifndef THUMBNAIL_PICTURE_H
#define THUMBNAIL_PICTURE_H

#include <stddef.h>
#include <stdint.h>

typedef enum picture_format {
    PICTURE_UNKNOWN,
    PICTURE_PNG,
    PICTURE_JPEG,
    PICTURE_WEBP,
    PICTURE_GIF,
} picture_format;

typedef struct picture {
    picture_format format;
    int64_t width;
    int64_t height;
    /* Whether it is a moving picture of a format whose first frame alone can't be had. */
    int is_animated;
    /* How the camera was held, as Exif counts: 1 (upright) to 8. */
    int orientation;
} picture;

/* Reads the header. Returns `PICTURE_UNKNOWN` as the format if the bytes are no picture that we know or end
 * too early. */
picture picture_probe(const uint8_t *bytes, size_t length);

/* Returns the Exif orientation in the payload of a JPEG's APP1 segment; 1 if there is none. */
int exif_orientation(const uint8_t *bytes, size_t length);

#endif
