#include "store.h"

#include <stdlib.h>
#include <string.h>

/* `application_id`: the bytes "MLIX"; `user_version`: what the tables below are. */
static const char make[] =
    "CREATE TABLE tree (root TEXT NOT NULL) STRICT;"
    "CREATE TABLE file (number INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,"
    " modified INTEGER NOT NULL, inode INTEGER NOT NULL) STRICT;"
    "CREATE VIRTUAL TABLE text USING fts5(path, body, tokenize = 'unicode61 remove_diacritics 2');"
    "PRAGMA application_id = 1296844120; PRAGMA user_version = 1;";
enum { APPLICATION = 1296844120, VERSION = 1, LOCK_MS = 30000 };

static int number_of(sqlite3 *database, const char *sql, int64_t *number) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    if (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        *number = sqlite3_column_int64(statement, 0);
        result = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return result;
}

/* Whether it is an index of ours: an SQLite code, or STORE_FOREIGN. */
static int check(sqlite3 *database) {
    int64_t application = 0, version = 0;
    int result = number_of(database, "PRAGMA application_id", &application);
    if (result == SQLITE_OK) result = number_of(database, "PRAGMA user_version", &version);
    if (result == SQLITE_OK && (application != APPLICATION || version != VERSION)) return STORE_FOREIGN;
    return result;
}

/* Makes the tables in a database without any; two jobs may be at it. */
static int fill(sqlite3 *database, const char *root) {
    int64_t tables = 0;
    int result = sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (result != SQLITE_OK) return result;
    result = number_of(database, "SELECT count(*) FROM sqlite_schema", &tables);
    if (result == SQLITE_OK && tables == 0) {
        sqlite3_stmt *statement = NULL;
        result = sqlite3_exec(database, make, NULL, NULL, NULL);
        if (result == SQLITE_OK) {
            result = sqlite3_prepare_v2(database, "INSERT INTO tree VALUES (?)", -1, &statement, NULL);
        }
        if (result == SQLITE_OK) {
            sqlite3_bind_text(statement, 1, root, -1, SQLITE_STATIC);
            result = sqlite3_step(statement) == SQLITE_DONE ? SQLITE_OK : sqlite3_errcode(database);
        }
        sqlite3_finalize(statement);
    }
    if (result == SQLITE_OK) return sqlite3_exec(database, "COMMIT", NULL, NULL, NULL);
    sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

static int check_root(sqlite3 *database, const char *root) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(database, "SELECT root FROM tree", -1, &statement, NULL);
    if (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *there = (const char *)sqlite3_column_text(statement, 0);
        result = there != NULL && strcmp(there, root) == 0 ? SQLITE_OK : STORE_OTHER_ROOT;
    }
    sqlite3_finalize(statement);
    return result;
}

static int prepare(store *store) {
    const struct {
        sqlite3_stmt **statement;
        const char *sql;
    } all[] = {
        {&store->put_file,
         "INSERT INTO file (path, size, modified, inode) VALUES (?1, ?2, ?3, ?4) "
         "ON CONFLICT (path) DO UPDATE SET size = ?2, modified = ?3, inode = ?4 RETURNING number"},
        {&store->put_text, "INSERT INTO text (rowid, path, body) VALUES (?1, ?2, ?3)"},
        {&store->drop_text, "DELETE FROM text WHERE rowid = ?1"},
        {&store->drop_file, "DELETE FROM file WHERE number = ?1"},
    };
    int result = SQLITE_OK;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && result == SQLITE_OK; i++) {
        result = sqlite3_prepare_v2(store->database, all[i].sql, -1, all[i].statement, NULL);
    }
    return result;
}

static int open_with(store *store, const char *path, int flags) {
    *store = (struct store){0};
    int result = sqlite3_open_v2(path, &store->database, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (result != SQLITE_OK) return result;
    sqlite3_busy_timeout(store->database, LOCK_MS);
    sqlite3_db_config(store->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return SQLITE_OK;
}

int store_open(store *store, const char *path, const char *root) {
    int64_t tables = 0;
    int result = open_with(store, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (result == SQLITE_OK) {
        result = number_of(store->database, "SELECT count(*) FROM sqlite_schema", &tables);
    }
    if (result == SQLITE_OK && tables == 0) {
        /* Searches go on while it is written. */
        result = sqlite3_exec(store->database, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
        if (result == SQLITE_OK) result = fill(store->database, root);
    }
    if (result == SQLITE_OK) result = check(store->database);
    if (result == SQLITE_OK) result = check_root(store->database, root);
    return result == SQLITE_OK ? prepare(store) : result;
}

int store_open_to_search(store *store, const char *path) {
    int result = open_with(store, path, SQLITE_OPEN_READONLY);
    return result == SQLITE_OK ? check(store->database) : result;
}

int store_files(store *store, store_file **files, size_t *count) {
    sqlite3_stmt *statement = NULL;
    const char *sql = "SELECT number, path, size, modified, inode FROM file ORDER BY path";
    int result = sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL);
    while (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        result = SQLITE_OK;
        if ((*count & (*count - 1)) == 0) { /* Room for the next power of two. */
            size_t room = *count == 0 ? 1 : *count * 2;
            store_file *larger = realloc(*files, room * sizeof *larger);
            if (larger == NULL) result = SQLITE_NOMEM;
            else *files = larger;
        }
        char *path = strdup((const char *)sqlite3_column_text(statement, 1));
        if (result != SQLITE_OK || path == NULL) {
            result = SQLITE_NOMEM;
            break;
        }
        (*files)[(*count)++] = (store_file){
            .number = sqlite3_column_int64(statement, 0),
            .path = path,
            .size = sqlite3_column_int64(statement, 2),
            .modified = sqlite3_column_int64(statement, 3),
            .inode = sqlite3_column_int64(statement, 4),
        };
    }
    sqlite3_finalize(statement);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

/* Runs a prepared statement that has its values; `number` takes what it returns. */
static int run(sqlite3_stmt *statement, int64_t *number) {
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        if (number != NULL) *number = sqlite3_column_int64(statement, 0);
        result = sqlite3_step(statement);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

int store_put(store *store, const store_file *file, const char *text, size_t length) {
    int64_t number = 0;
    sqlite3_bind_text(store->put_file, 1, file->path, -1, SQLITE_STATIC);
    sqlite3_bind_int64(store->put_file, 2, file->size);
    sqlite3_bind_int64(store->put_file, 3, file->modified);
    sqlite3_bind_int64(store->put_file, 4, file->inode);
    int result = run(store->put_file, &number);
    if (result != SQLITE_OK) return result;
    sqlite3_bind_int64(store->drop_text, 1, number);
    result = run(store->drop_text, NULL);
    if (result != SQLITE_OK || text == NULL) return result;
    sqlite3_bind_int64(store->put_text, 1, number);
    sqlite3_bind_text(store->put_text, 2, file->path, -1, SQLITE_STATIC);
    sqlite3_bind_text64(store->put_text, 3, text, length, SQLITE_STATIC, SQLITE_UTF8);
    return run(store->put_text, NULL);
}

int store_drop(store *store, int64_t number) {
    sqlite3_bind_int64(store->drop_text, 1, number);
    int result = run(store->drop_text, NULL);
    if (result != SQLITE_OK) return result;
    sqlite3_bind_int64(store->drop_file, 1, number);
    return run(store->drop_file, NULL);
}

int store_begin(store *store) { return sqlite3_exec(store->database, "BEGIN IMMEDIATE", NULL, NULL, NULL); }

int store_commit(store *store) { return sqlite3_exec(store->database, "COMMIT", NULL, NULL, NULL); }

void store_roll_back(store *store) { sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL); }

void store_close(store *store) {
    sqlite3_finalize(store->put_file);
    sqlite3_finalize(store->put_text);
    sqlite3_finalize(store->drop_text);
    sqlite3_finalize(store->drop_file);
    sqlite3_close(store->database);
    *store = (struct store){0};
}
