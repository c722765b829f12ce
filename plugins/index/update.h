/* update.h: brings an index up to what the tree is now. */
#ifndef INDEX_UPDATE_H
#define INDEX_UPDATE_H

#include "patterns.h"
#include "store.h"
#include "tree_list.h"

typedef struct update {
    store *store;
    const tree_root *root;
    const tree_list *list;
    const patterns *include;
    /* Files with more bytes are remembered, and not read. */
    int64_t max_file;
    const millrace_context *context;
    /* Files: read and put into the index; as they were; gone from it; not text, or too large; with names that
     * are no UTF-8; not readable. */
    int64_t added, unchanged, removed, passed_over, unnamed, unreadable;
    /* What is not committed yet. */
    int64_t pending_files, pending_bytes;
} update;

/* Compares by size, time and inode, and reads what is new or has changed. What is committed stays, however it
 * ends. Returns an SQLite code; SQLITE_INTERRUPT if the job was cancelled. */
int update_run(update *all);

#endif
