/* table.h: a file of lines "key TAB value" in memory, sorted by key; read once and never written again. */
#ifndef LOOKUP_TABLE_H
#define LOOKUP_TABLE_H

#include <stddef.h>

typedef struct table {
    /* The file as it is, with a zero byte for each tab and end of line. */
    char *text;
    /* Where each key begins, in the order of the keys; its value stands behind it. */
    const char **keys;
    size_t count;
} table;

/* Reads a file of at most 4 GiB. Returns 0, or an errno; EILSEQ for a line without a tab. */
int table_read(table *table, const char *path);

/* Gives back what it holds. */
void table_drop(table *table);

/* Returns the value of a key, of several lines with it any; NULL if there is none. */
const char *table_find(const table *table, const char *key);

#endif
