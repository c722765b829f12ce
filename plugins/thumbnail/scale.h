/* scale.h: decoding, fitting, turning and encoding, by libgd. */
#ifndef THUMBNAIL_SCALE_H
#define THUMBNAIL_SCALE_H

#include <gd.h>

#include "picture.h"

/* Decodes a whole picture; NULL if it can't be. */
gdImagePtr picture_decode(const picture *found, const uint8_t *bytes, size_t length);

/* Returns a copy that fits inside `width` × `height` once it is turned upright; never a larger one than the
 * original. `keeps_alpha`: else transparent parts become white. NULL if memory is short. */
gdImagePtr picture_fit(gdImagePtr original, int orientation, int width, int height, int keeps_alpha);

/* Encodes it as `format` (PNG, JPEG or WebP); NULL if that fails. To be freed with gdFree. */
void *picture_encode(gdImagePtr image, picture_format format, int quality, int *length);

#endif
