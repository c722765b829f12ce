#include "new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void new_file_temporary(char *name, const millrace_job *job) {
    snprintf(name, 40, ".millrace-%lld", (long long)job->id);
}

int new_file_open(new_file *file, int directory, const millrace_job *job) {
    *file = (new_file){.directory = directory, .descriptor = -1};
    new_file_temporary(file->temporary, job);
    if (unlinkat(directory, file->temporary, 0) < 0 && errno != ENOENT) return errno;
    file->descriptor = openat(directory, file->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return file->descriptor < 0 ? errno : 0;
}

int new_file_keep(new_file *file, const char *name, int replaces) {
    int problem = fsync(file->descriptor) < 0 ? errno : 0;
    if (problem == 0 && renameat2(file->directory, file->temporary, file->directory, name,
                                  replaces ? 0 : RENAME_NOREPLACE) < 0) {
        problem = errno;
    }
    if (problem != 0) {
        new_file_drop(file);
        return problem;
    }
    close(file->descriptor);
    file->descriptor = -1;
    return 0;
}

void new_file_drop(new_file *file) {
    if (file->descriptor < 0) return;
    unlinkat(file->directory, file->temporary, 0);
    close(file->descriptor);
    file->descriptor = -1;
}

int new_file_directory(const char *path, const char **name) {
    const char *slash = strrchr(path, '/');
    if (path[0] != '/' || slash[1] == 0) return -EINVAL;
    if (strcmp(slash, "/.") == 0 || strcmp(slash, "/..") == 0) return -EINVAL;
    char *directory = slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
    if (directory == NULL) return -ENOMEM;
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int problem = errno;
    free(directory);
    *name = slash + 1;
    return descriptor < 0 ? -problem : descriptor;
}
