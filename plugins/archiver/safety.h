/* safety.h: names and links in an archive that could lead out of the directory that it is unpacked into. */
#ifndef ARCHIVER_SAFETY_H
#define ARCHIVER_SAFETY_H

#include <stddef.h>

/* Writes the path of an entry, without `.` and double slashes, to `clean` of `size` bytes; it is empty for
 * the directory itself. Returns NULL, or why it is refused. */
const char *safety_path(const char *path, char *clean, size_t size);

/* Returns NULL, or why a symbolic link at the clean path `path` may not lead to `target`. */
const char *safety_link(const char *path, const char *target);

#endif
