/* new_file.h: a file that is written under another name, and has its own only once it is whole. */
#ifndef MILLRACE_NEW_FILE_H
#define MILLRACE_NEW_FILE_H

#include <stdint.h>

#include "millrace.h"

typedef struct new_file {
    /* The directory that it is in; not the file's to close. */
    int directory;
    /* `.millrace-` and the job's number: a job that was killed finds and replaces it in its next attempt. */
    char temporary[40];
    int descriptor;
} new_file;

/* Makes an empty file in `directory` for `job`, for its maker alone. Returns 0 or an errno. */
int new_file_open(new_file *file, int directory, const millrace_job *job);

/* Writes it to the disk and gives it the name `name`; what has that name is replaced, or is EEXIST unless
 * `replaces`. Closes it. Returns 0 or an errno; then it is dropped. */
int new_file_keep(new_file *file, const char *name, int replaces);

/* Closes and removes it. */
void new_file_drop(new_file *file);

/* Sets `name` (of at least 40 bytes) to the temporary name that `job` uses in any directory. */
void new_file_temporary(char *name, const millrace_job *job);

/* Opens the directory that the absolute `path` is in and sets `name` to its last part. Returns a descriptor,
 * or -errno: -EINVAL for a path that is not absolute or has no last part. */
int new_file_directory(const char *path, const char **name);

#endif
