#include "digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parameters.h"

enum { BLOCK = 1 << 20 };

typedef struct run_of_digests {
    tree *all;
    const EVP_MD *algorithm;
    EVP_MD_CTX *state;
    unsigned char *block;
    int64_t bytes_done;
    const millrace_context *context;
} run_of_digests;

static void tell_progress(const run_of_digests *run, const char *path) {
    double all = (double)run->all->bytes, done = (double)run->bytes_done;
    /* A file that grew meanwhile must not make it more than all. */
    run->context->progress(run->context, done >= all ? 1 : done / all, path);
}

/* Digests an open file. Returns 0, ECANCELED or another errno. */
static int digest_descriptor(run_of_digests *run, int descriptor, const char *path, unsigned char *digest) {
    if (!EVP_DigestInit_ex2(run->state, run->algorithm, NULL)) return ENOMEM;
    for (;;) {
        if (run->context->cancelled(run->context)) return ECANCELED;
        ssize_t count = read(descriptor, run->block, BLOCK);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        if (count == 0) break;
        if (!EVP_DigestUpdate(run->state, run->block, (size_t)count)) return ENOMEM;
        run->bytes_done += count;
        tell_progress(run, path);
    }
    return EVP_DigestFinal_ex(run->state, digest, NULL) ? 0 : ENOMEM;
}

static int digest_file(run_of_digests *run, const char *path, unsigned char *digest) {
    /* Not blocking: a file may have become a pipe since it was listed. */
    int descriptor = openat(run->all->directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) return errno;
    struct stat status;
    int problem = fstat(descriptor, &status) < 0 ? errno : S_ISREG(status.st_mode) ? 0 : EINVAL;
    if (problem == 0) problem = digest_descriptor(run, descriptor, path, digest);
    close(descriptor);
    return problem;
}

/* Writes `hex  path`. A name with a backslash or a line break is escaped, as a backslash in front tells. */
static void write_line(FILE *lines, const unsigned char *digest, int length, const char *path) {
    if (strpbrk(path, "\\\n\r") != NULL) fputc('\\', lines);
    for (int i = 0; i < length; i++) fprintf(lines, "%02x", digest[i]);
    fputs("  ", lines);
    for (; *path != 0; path++) {
        switch (*path) {
        case '\\': fputs("\\\\", lines); break;
        case '\n': fputs("\\n", lines); break;
        case '\r': fputs("\\r", lines); break;
        default: fputc(*path, lines);
        }
    }
    fputc('\n', lines);
}

static int digest_all(run_of_digests *run, FILE *lines) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    int length = EVP_MD_get_size(run->algorithm);
    for (size_t i = 0; i < run->all->count; i++) {
        const char *path = run->all->files[i].path;
        int problem = digest_file(run, path, digest);
        if (problem == ECANCELED || problem == ENOMEM) return problem;
        if (problem == 0) {
            write_line(lines, digest, length, path);
        } else {
            tree_unreadable(run->all, path, problem, run->context);
        }
    }
    return ferror(lines) ? ENOMEM : 0;
}

int digest_tree(tree *all, const EVP_MD *algorithm, FILE *lines, const millrace_context *context) {
    run_of_digests run = {
        .all = all,
        .algorithm = algorithm,
        .state = EVP_MD_CTX_new(),
        .block = malloc(BLOCK),
        .context = context,
    };
    int problem = run.state == NULL || run.block == NULL ? ENOMEM : digest_all(&run, lines);
    EVP_MD_CTX_free(run.state);
    free(run.block);
    return problem;
}
