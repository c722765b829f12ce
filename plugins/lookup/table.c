#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const off_t most = INT64_C(4) << 30;

/* Memory in huge pages, where there are any: a fork copies one entry for 2 MiB of them instead of 512. */
static void *allocate(size_t size) {
    void *place = NULL;
    if (posix_memalign(&place, 2 << 20, size ? size : 1) != 0) return NULL;
    madvise(place, size, MADV_HUGEPAGE); /* A kernel without them still serves. */
    return place;
}

static int read_all(int file, char *text, size_t size) {
    size_t got = 0;
    while (got < size) {
        ssize_t count = read(file, text + got, size - got);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        if (count == 0) return EIO; /* It became shorter meanwhile. */
        got += (size_t)count;
    }
    return 0;
}

static int compare(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Cuts the text into keys and values, and notes where the keys are. */
static int index_lines(table *table, size_t size) {
    size_t lines = 0;
    for (size_t i = 0; i < size; i++) lines += table->text[i] == '\n';
    table->keys = allocate((lines + 1) * sizeof *table->keys);
    if (table->keys == NULL) return ENOMEM;
    char *line = table->text, *end = table->text + size;
    while (line < end) {
        char *next = memchr(line, '\n', (size_t)(end - line));
        if (next == NULL) next = end;
        *next = 0;
        char *tab = strchr(line, '\t');
        if (*line != 0 && tab == NULL) return EILSEQ;
        if (tab != NULL) {
            *tab = 0;
            table->keys[table->count++] = line;
        }
        line = next + 1;
    }
    qsort(table->keys, table->count, sizeof *table->keys, compare);
    return 0;
}

int table_read(table *table, const char *path) {
    struct stat facts;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return errno;
    memset(table, 0, sizeof *table);
    int error = fstat(file, &facts) < 0 ? errno : 0;
    if (error == 0 && !S_ISREG(facts.st_mode)) error = EINVAL;
    if (error == 0 && facts.st_size > most) error = EFBIG;
    if (error == 0) {
        table->text = allocate((size_t)facts.st_size + 1);
        error = table->text ? read_all(file, table->text, (size_t)facts.st_size) : ENOMEM;
    }
    close(file);
    if (error == 0) error = index_lines(table, (size_t)facts.st_size);
    if (error != 0) table_drop(table);
    return error;
}

void table_drop(table *table) {
    free(table->text);
    free(table->keys);
    memset(table, 0, sizeof *table);
}

const char *table_find(const table *table, const char *key) {
    const char **found = bsearch(&key, table->keys, table->count, sizeof *table->keys, compare);
    return found ? *found + strlen(*found) + 1 : NULL;
}
