#include "outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char folder[] = "outputs";

static int write_all(int file, const uint8_t *bytes, size_t length) {
    while (length > 0) {
        ssize_t count = write(file, bytes, length);
        if (count < 0 && errno != EINTR) return errno;
        if (count < 0) continue;
        bytes += count;
        length -= (size_t)count;
    }
    return 0;
}

/* A name leads nowhere else: the runner's names never do. */
static int is_plain(const char *name) {
    return name[0] != 0 && name[0] != '.' && strchr(name, '/') == NULL;
}

static int write_one(int directory, const millrace_output *output) {
    if (!is_plain(output->name)) return EINVAL;
    int file = openat(directory, output->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return errno;
    int problem = write_all(file, output->bytes, output->length);
    close(file);
    return problem;
}

int outputs_write(const millrace_job *job) {
    if (!MILLRACE_HAS(job, output_count) || job->output_count == 0) return 0;
    char *here = realpath(job->work_directory, NULL);
    if (here == NULL) return errno;
    char path[strlen(here) + sizeof folder + 1];
    strcat(strcat(strcpy(path, here), "/"), folder);
    free(here);
    if (mkdir(path, 0700) < 0) return errno;
    int directory = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) return errno;
    int problem = 0;
    for (size_t i = 0; i < job->output_count && problem == 0; i++) {
        problem = write_one(directory, MILLRACE_OUTPUT(job, i));
    }
    close(directory);
    if (problem == 0 && setenv("MILLRACE_OUTPUTS", path, 1) < 0) problem = errno;
    return problem;
}
