#include "directory.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

const char *plugin_directory(void) {
    static char path[PATH_MAX];
    Dl_info place;
    if (path[0] == 0 && dladdr((void *)plugin_directory, &place) != 0) {
        size_t length = strlen(place.dli_fname);
        if (length > 3 && strcmp(place.dli_fname + length - 3, ".so") == 0) length -= 3;
        snprintf(path, sizeof path, "%.*s.d", (int)length, place.dli_fname);
    }
    return path;
}
