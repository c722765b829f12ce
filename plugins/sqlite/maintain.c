#include "maintain.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many problems a check tells. */
enum { PROBLEMS_MAX = 100, STEPS_BETWEEN_LOOKS = 100000 };

int maintain_fail(const maintenance *all, sqlite3 *database, const char *doing) {
    const char *code = "failed";
    int retryable = FAIL_FOR_GOOD;
    switch (sqlite3_errcode(database)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return job_fail(all->context, "locked", FAIL_RETRYABLE,
                        "cannot %s `%s`: somebody else has held a lock on it for %g s", doing, all->path,
                        all->lock_seconds);
    case SQLITE_INTERRUPT:
        return job_fail(all->context, "cancelled", FAIL_RETRYABLE, "cancelled: %s `%s`", doing, all->path);
    case SQLITE_NOTADB: code = "not_a_database"; break;
    case SQLITE_CORRUPT: code = "corrupt"; break;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY: code = "unreadable"; break;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM: retryable = FAIL_RETRYABLE; break;
    default: break;
    }
    return job_fail(all->context, code, retryable, "cannot %s `%s`: %s", doing, all->path,
                    sqlite3_errmsg(database));
}

int maintain_number(sqlite3 *database, const char *sql, int64_t *number) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    if (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        *number = sqlite3_column_int64(statement, 0);
        result = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

/* SQLite asks while it works: other than 0 stops it. */
static int is_cancelled(void *context) {
    return ((const millrace_context *)context)->cancelled(context);
}

/* SQLite asks when somebody else has a lock: other than 0 tries again. */
static int wait_for_lock(void *maintaining, int tries) {
    const maintenance *all = maintaining;
    static double since;
    double now = clock_seconds(CLOCK_MONOTONIC);
    if (tries == 0) since = now;
    if (now - since >= all->lock_seconds || all->context->cancelled(all->context)) return 0;
    job_doze(all->context, 0.05); /* The file system tells nobody that a lock is free. */
    return 1;
}

/* Looks at the first bytes: SQLite would take an empty file for an empty database. */
static int look(const maintenance *all) {
    char head[16];
    struct stat status;
    int file = all->path[0] == '/' ? open(all->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
    if (all->path[0] != '/') {
        return job_fail(all->context, "invalid_parameters", FAIL_FOR_GOOD, "`%s` is not an absolute path",
                        all->path);
    }
    if (file < 0 || fstat(file, &status) < 0) {
        int problem = errno, is_missing = problem == ENOENT || problem == ENOTDIR;
        return job_fail(all->context, is_missing ? "not_found" : "unreadable", FAIL_FOR_GOOD,
                        "cannot open `%s`: %s", all->path, strerror(problem));
    }
    ssize_t count = S_ISREG(status.st_mode) ? read(file, head, sizeof head) : 0;
    close(file);
    if (count == sizeof head && memcmp(head, "SQLite format 3", sizeof head) == 0) return MILLRACE_OK;
    return job_fail(all->context, "not_a_database", FAIL_FOR_GOOD, "`%s` is %s", all->path,
                    !S_ISREG(status.st_mode) ? "not a file"
                    : status.st_size == 0    ? "empty"
                                             : "no SQLite database");
}

int maintain_open(maintenance *all, int writes) {
    if (look(all) != MILLRACE_OK) return MILLRACE_FAILED;
    int flags = writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int result = sqlite3_open_v2(all->path, &all->database, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_OK) {
        sqlite3_busy_handler(all->database, wait_for_lock, all);
        sqlite3_progress_handler(all->database, STEPS_BETWEEN_LOOKS, is_cancelled, (void *)all->context);
        /* Nothing that a database has in its schema may do more than a query. */
        sqlite3_db_config(all->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(all->database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        int64_t version;
        result = maintain_number(all->database, "PRAGMA schema_version", &version);
    }
    return result == SQLITE_OK ? MILLRACE_OK : maintain_fail(all, all->database, "open");
}

int maintain_check(maintenance *all, json_t *report) {
    sqlite3_stmt *statement = NULL;
    json_t *problems = json_array();
    json_object_set_new(report, "problems", problems);
    int result = sqlite3_prepare_v2(all->database, "PRAGMA integrity_check(100)", -1, &statement, NULL);
    while (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        if (text != NULL && strcmp(text, "ok") != 0 && json_array_size(problems) < PROBLEMS_MAX) {
            job_log(all->context, MILLRACE_LOG_ERROR, "%s", text);
            json_array_append_new(problems, json_string(text));
        }
        result = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    if (result != SQLITE_DONE) return maintain_fail(all, all->database, "check");
    if (json_array_size(problems) > 0) {
        return job_fail(all->context, "corrupt", FAIL_FOR_GOOD,
                        "`%s` is damaged: %s; the log has all of it. Restore a backup", all->path,
                        json_string_value(json_array_get(problems, 0)));
    }
    all->is_checked = 1;
    return MILLRACE_OK;
}

static int64_t size_of(const maintenance *all) {
    struct stat status;
    return stat(all->path, &status) == 0 ? status.st_size : 0;
}

int maintain_vacuum(maintenance *all, json_t *report) {
    json_t *check = json_object();
    /* Of a damaged database the new one would be less than what a repair could save. */
    int result = all->is_checked ? MILLRACE_OK : maintain_check(all, check);
    json_decref(check);
    if (result != MILLRACE_OK) return result;
    json_object_set_new(report, "bytes_before", json_integer(size_of(all)));
    if (sqlite3_exec(all->database, "VACUUM", NULL, NULL, NULL) != SQLITE_OK) {
        return maintain_fail(all, all->database, "vacuum");
    }
    json_object_set_new(report, "bytes_after", json_integer(size_of(all)));
    return MILLRACE_OK;
}

int maintain_checkpoint(maintenance *all, json_t *report) {
    int pages = 0, moved = 0;
    int result = sqlite3_wal_checkpoint_v2(all->database, "main", SQLITE_CHECKPOINT_TRUNCATE, &pages, &moved);
    if (result != SQLITE_OK) return maintain_fail(all, all->database, "checkpoint");
    json_object_set_new(report, "has_wal", json_boolean(pages >= 0));
    return MILLRACE_OK;
}

int maintain_optimize(maintenance *all, json_t *report) {
    /* `PRAGMA optimize` looks only at tables that this connection has asked something of. */
    const char *sql = "PRAGMA analysis_limit = 1000; ANALYZE";
    (void)report;
    if (sqlite3_exec(all->database, sql, NULL, NULL, NULL) == SQLITE_OK) return MILLRACE_OK;
    return maintain_fail(all, all->database, "optimize");
}
