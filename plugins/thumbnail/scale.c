#include "scale.h"

gdImagePtr picture_decode(const picture *found, const uint8_t *bytes, size_t length) {
    void *data = (void *)bytes; /* gd only reads it. */
    switch (found->format) {
    case PICTURE_PNG: return gdImageCreateFromPngPtr((int)length, data);
    case PICTURE_JPEG: return gdImageCreateFromJpegPtr((int)length, data);
    case PICTURE_WEBP: return gdImageCreateFromWebpPtr((int)length, data);
    case PICTURE_GIF: return gdImageCreateFromGifPtr((int)length, data);
    case PICTURE_UNKNOWN: break;
    }
    return NULL;
}

void *picture_encode(gdImagePtr image, picture_format format, int quality, int *length) {
    switch (format) {
    case PICTURE_PNG: return gdImagePngPtr(image, length);
    case PICTURE_JPEG: return gdImageJpegPtr(image, length, quality);
    case PICTURE_WEBP: return gdImageWebpPtrEx(image, length, quality);
    case PICTURE_GIF:
    case PICTURE_UNKNOWN: break;
    }
    return NULL;
}

static gdImagePtr blank(int width, int height, int keeps_alpha) {
    gdImagePtr image = gdImageCreateTrueColor(width, height);
    if (image == NULL) return NULL;
    gdImageSaveAlpha(image, keeps_alpha);
    gdImageAlphaBlending(image, 0);
    int ground = gdTrueColorAlpha(255, 255, 255, keeps_alpha ? gdAlphaTransparent : gdAlphaOpaque);
    gdImageFilledRectangle(image, 0, 0, width - 1, height - 1, ground);
    gdImageAlphaBlending(image, !keeps_alpha);
    return image;
}

/* Returns the size of a side that shrinks as its picture does from `from` to `to`. */
static int shrunk(int side, int to, int from) {
    int size = (int)(((int64_t)side * to + from / 2) / from);
    return size > 0 ? size : 1;
}

/* Exif's eight ways: where the upright picture's point (x, y) is found in one of `width` × `height`. */
static int turned_pixel(gdImagePtr image, int orientation, int x, int y) {
    int right = gdImageSX(image) - 1, bottom = gdImageSY(image) - 1;
    switch (orientation) {
    case 2: return gdImageGetTrueColorPixel(image, right - x, y);
    case 3: return gdImageGetTrueColorPixel(image, right - x, bottom - y);
    case 4: return gdImageGetTrueColorPixel(image, x, bottom - y);
    case 5: return gdImageGetTrueColorPixel(image, y, x);
    case 6: return gdImageGetTrueColorPixel(image, y, bottom - x);
    case 7: return gdImageGetTrueColorPixel(image, right - y, bottom - x);
    case 8: return gdImageGetTrueColorPixel(image, right - y, x);
    default: return gdImageGetTrueColorPixel(image, x, y);
    }
}

static gdImagePtr turn(gdImagePtr image, int orientation, int keeps_alpha) {
    int swaps = orientation >= 5;
    int width = swaps ? gdImageSY(image) : gdImageSX(image);
    int height = swaps ? gdImageSX(image) : gdImageSY(image);
    gdImagePtr upright = blank(width, height, keeps_alpha);
    if (upright == NULL) return NULL;
    gdImageAlphaBlending(upright, 0);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            gdImageSetPixel(upright, x, y, turned_pixel(image, orientation, x, y));
        }
    }
    return upright;
}

gdImagePtr picture_fit(gdImagePtr original, int orientation, int width, int height, int keeps_alpha) {
    int from_width = gdImageSX(original), from_height = gdImageSY(original);
    int box_width = orientation >= 5 ? height : width, box_height = orientation >= 5 ? width : height;
    int to_width = from_width, to_height = from_height;
    if (to_width > box_width) {
        to_height = shrunk(from_height, box_width, from_width);
        to_width = box_width;
    }
    if (to_height > box_height) {
        to_width = shrunk(from_width, box_height, from_height);
        to_height = box_height;
    }
    gdImagePtr fitted = blank(to_width, to_height, keeps_alpha);
    if (fitted == NULL) return NULL;
    gdImageCopyResampled(fitted, original, 0, 0, 0, 0, to_width, to_height, from_width, from_height);
    if (orientation == 1) return fitted;
    gdImagePtr upright = turn(fitted, orientation, keeps_alpha);
    gdImageDestroy(fitted);
    return upright;
}
