/* store.h: the database of an index: a row for each file, and its text in an FTS5 table. */
#ifndef INDEX_STORE_H
#define INDEX_STORE_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a file; its text is in the row of the same number. */
typedef struct store_file {
    int64_t number;
    char *path;
    int64_t size, modified, inode;
} store_file;

typedef struct store {
    sqlite3 *database;
    sqlite3_stmt *put_file, *put_text, *drop_text, *drop_file;
} store;

/* What `store_open` returns beside an SQLite code: another program's database; the index of another tree. */
enum { STORE_FOREIGN = 200, STORE_OTHER_ROOT = 201 };

/* Opens the index at `path` of the tree at `root`, and makes it if it is missing. */
int store_open(store *store, const char *path, const char *root);

/* Opens an index to search it. */
int store_open_to_search(store *store, const char *path);

/* Lists all files, sorted by path byte by byte. Returns an SQLite code. */
int store_files(store *store, store_file **files, size_t *count);

/* Puts a file with its text in the place of what is there; a text of NULL is a file that is no text, which is
 * remembered not to be read again. Returns an SQLite code. */
int store_put(store *store, const store_file *file, const char *text, size_t length);

/* Forgets a file. Returns an SQLite code. */
int store_drop(store *store, int64_t number);

/* Begins, commits or takes back a transaction. Returns an SQLite code. */
int store_begin(store *store);
int store_commit(store *store);
void store_roll_back(store *store);

/* Closes it; it may never have been opened. */
void store_close(store *store);

#endif
