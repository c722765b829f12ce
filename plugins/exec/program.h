/* program.h: a program that is started, fed, heard and waited for. */
#ifndef EXEC_PROGRAM_H
#define EXEC_PROGRAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How much standard output may become a result. */
enum { CAPTURE_MAX = 16 << 20 };

typedef struct program {
    /* argv, ended by NULL. */
    char **arguments;
    /* Where it runs; -1 for where we are. */
    int directory;
    /* What it reads; nothing if the length is 0. */
    const uint8_t *input;
    size_t input_length;
    /* Whether its standard output is kept in `output`. */
    int captures;

    /* Set once it has ended: a wait status, and what it wrote. */
    int status;
    char *output;
    size_t output_length;

    /* Only while it runs. */
    pid_t pid;
    int to_stdin;
    int from_stdout;
} program;

/* Starts the program; returns 0, or the errno that kept it from starting. */
int program_start(program *one);

/* Feeds it and hears it until it has ended. Returns 0; EFBIG if it wrote more than CAPTURE_MAX (it is then
 * killed); or another errno. */
int program_wait(program *one);

#endif
