#include "patterns.h"

#include <fnmatch.h>
#include <limits.h>
#include <string.h>

patterns parameters_patterns(parameters *all, const char *name) {
    patterns found = {.list = parameters_value(all, name, JSON_ARRAY)};
    size_t index;
    json_t *item;
    if (json_array_size(found.list) > PATTERNS_MAX) {
        parameters_refuse(all, "`%s` may have at most %d patterns", name, PATTERNS_MAX);
    }
    json_array_foreach(found.list, index, item) {
        size_t length = json_string_length(item);
        if (length > 0 && length <= PATTERN_LENGTH_MAX) continue;
        parameters_refuse(all, "`%s` must be texts of 1 to %d bytes", name, PATTERN_LENGTH_MAX);
        return (patterns){0};
    }
    return found;
}

/* Holds the first part of the pattern against the first part of the path. */
static int match_part(const char *pattern, size_t pattern_length, const char *path, size_t path_length) {
    char left[PATTERN_LENGTH_MAX + 1], right[NAME_MAX + 1];
    if (pattern_length >= sizeof left || path_length >= sizeof right) return 0;
    memcpy(left, pattern, pattern_length);
    left[pattern_length] = 0;
    memcpy(right, path, path_length);
    right[path_length] = 0;
    return fnmatch(left, right, 0) == 0;
}

static int match_path(const char *pattern, const char *path) {
    for (;;) {
        size_t wanted = strcspn(pattern, "/"), there = strcspn(path, "/");
        if (wanted == 2 && strncmp(pattern, "**", 2) == 0) {
            if (pattern[2] == 0) return 1;
            do pattern += 3;
            while (strncmp(pattern, "**/", 3) == 0);
            for (; path != NULL; path = strchr(path, '/') != NULL ? strchr(path, '/') + 1 : NULL) {
                if (match_path(pattern, path)) return 1;
            }
            return 0;
        }
        if (!match_part(pattern, wanted, path, there)) return 0;
        if (pattern[wanted] == 0 || path[there] == 0) return pattern[wanted] == path[there];
        pattern += wanted + 1;
        path += there + 1;
    }
}

int patterns_match(const patterns *all, const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    size_t index;
    json_t *item;
    json_array_foreach(all->list, index, item) {
        const char *pattern = json_string_value(item);
        int is_for_names = strchr(pattern, '/') == NULL;
        if (is_for_names ? fnmatch(pattern, name, 0) == 0 : match_path(pattern, path)) return 1;
    }
    return 0;
}

int patterns_are_given(const patterns *all) { return json_array_size(all->list) > 0; }
