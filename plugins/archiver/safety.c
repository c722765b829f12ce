#include "safety.h"

#include <limits.h>
#include <string.h>

const char *safety_path(const char *path, char *clean, size_t size) {
    size_t length = 0;
    if (path == NULL || path[0] == 0) return "it has no name";
    if (path[0] == '/') return "its path is absolute";
    for (const char *part = path; *part != 0;) {
        size_t part_length = strcspn(part, "/");
        if (part_length == 2 && strncmp(part, "..", 2) == 0) return "its path has `..` in it";
        if (part_length > NAME_MAX) return "its path has a part of over 255 bytes";
        if (part_length > 0 && !(part_length == 1 && part[0] == '.')) {
            if (length + part_length + 2 > size) return "its path is too long";
            if (length > 0) clean[length++] = '/';
            memcpy(clean + length, part, part_length);
            length += part_length;
        }
        part += part_length;
        part += *part == '/';
    }
    clean[length] = 0;
    return NULL;
}

const char *safety_link(const char *path, const char *target) {
    if (target == NULL || target[0] == 0) return "its link leads nowhere";
    if (target[0] == '/') return "its link is absolute";
    long depth = 0;
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) depth++;
    /* Only at the beginning may `..` stand: behind a name, which may be a link itself, it leads anywhere. */
    int is_behind_name = 0;
    for (const char *part = target; *part != 0;) {
        size_t length = strcspn(part, "/");
        if (length == 2 && strncmp(part, "..", 2) == 0) {
            if (is_behind_name || --depth < 0) return "its link leads out of the directory";
        } else if (length > 0 && !(length == 1 && part[0] == '.')) {
            is_behind_name = 1;
        }
        part += length;
        part += *part == '/';
    }
    return NULL;
}
