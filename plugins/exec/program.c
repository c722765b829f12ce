#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { READ_AT_ONCE = 64 << 10 };

static void close_it(int *descriptor) {
    if (*descriptor >= 0) close(*descriptor);
    *descriptor = -1;
}

/* Makes a pipe whose end `ours` (0 or 1) never blocks. */
static int make_pipe(int ends[2], int ours) {
    if (pipe2(ends, O_CLOEXEC) < 0) return errno;
    return fcntl(ends[ours], F_SETFL, O_NONBLOCK) < 0 ? errno : 0;
}

/* What the new process does before it becomes the program: its standard input and output, its directory, and
 * no descriptor beyond the first three: Millrace's own are none of its business. */
static void plan_files(posix_spawn_file_actions_t *files, const program *one, int child_in, int child_out) {
    posix_spawn_file_actions_init(files);
    if (child_in >= 0) {
        posix_spawn_file_actions_adddup2(files, child_in, STDIN_FILENO);
    } else {
        posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    }
    if (child_out >= 0) posix_spawn_file_actions_adddup2(files, child_out, STDOUT_FILENO);
    if (one->directory >= 0) posix_spawn_file_actions_addfchdir_np(files, one->directory);
    posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
}

/* The program gets every signal as a shell would give it: none blocked, none ignored. */
static void plan_signals(posix_spawnattr_t *attributes) {
    sigset_t signals;
    posix_spawnattr_init(attributes);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(attributes, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(attributes, &signals);
}

int program_start(program *one) {
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    int problem = one->input_length > 0 ? make_pipe(in, 1) : 0;
    if (problem == 0 && one->captures) problem = make_pipe(out, 0);
    if (problem == 0) {
        posix_spawn_file_actions_t files;
        posix_spawnattr_t attributes;
        plan_files(&files, one, in[0], out[1]);
        plan_signals(&attributes);
        problem = posix_spawnp(&one->pid, one->arguments[0], &files, &attributes, one->arguments, environ);
        posix_spawn_file_actions_destroy(&files);
        posix_spawnattr_destroy(&attributes);
    }
    close_it(&in[0]);
    close_it(&out[1]);
    if (problem != 0) {
        close_it(&in[1]);
        close_it(&out[0]);
    }
    one->to_stdin = in[1];
    one->from_stdout = out[0];
    return problem;
}

/* Writes what the pipe takes; closes it when all is written or nobody reads on. */
static void feed(program *one) {
    ssize_t count = write(one->to_stdin, one->input, one->input_length);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count > 0) {
        one->input += count;
        one->input_length -= (size_t)count;
        if (one->input_length > 0) return;
    }
    close_it(&one->to_stdin); /* EPIPE: it reads no more, as it may. */
}

/* Reads what is there. Returns 0, or an errno: EAGAIN if nothing is there now. */
static int hear(program *one) {
    char *larger = realloc(one->output, one->output_length + READ_AT_ONCE);
    if (larger == NULL) return ENOMEM;
    one->output = larger;
    ssize_t count = read(one->from_stdout, one->output + one->output_length, READ_AT_ONCE);
    if (count < 0) return errno;
    if (count == 0) close_it(&one->from_stdout);
    one->output_length += (size_t)count;
    return one->output_length > CAPTURE_MAX ? EFBIG : 0;
}

/* Turns to whatever is ready until the program has ended. */
static int attend(program *one, int pidfd) {
    for (;;) {
        struct pollfd ready[] = {
            {.fd = pidfd, .events = POLLIN},
            {.fd = one->to_stdin, .events = POLLOUT},
            {.fd = one->from_stdout, .events = POLLIN},
        };
        if (poll(ready, 3, -1) < 0 && errno != EINTR) return errno;
        if (ready[1].revents != 0) feed(one);
        if (ready[2].revents != 0) {
            int problem = hear(one);
            if (problem != 0 && problem != EAGAIN && problem != EINTR) return problem;
        }
        if (ready[0].revents != 0) return 0;
    }
}

int program_wait(program *one) {
    signal(SIGPIPE, SIG_IGN); /* A program need not read all of its input. */
    int pidfd = pidfd_open(one->pid, 0);
    int problem = pidfd < 0 ? errno : attend(one, pidfd);
    /* It has ended: what it left in the pipe counts, what its own children still write does not. */
    while (problem == 0 && one->from_stdout >= 0) {
        problem = hear(one);
        if (problem == EINTR) problem = 0;
    }
    if (problem == EAGAIN) problem = 0;
    if (problem != 0) kill(one->pid, SIGKILL);
    while (waitpid(one->pid, &one->status, 0) < 0) {
        if (errno != EINTR) return errno;
    }
    close_it(&one->to_stdin);
    close_it(&one->from_stdout);
    close_it(&pidfd);
    return problem;
}
