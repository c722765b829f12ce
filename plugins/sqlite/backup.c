#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maintain.h"
#include "new_file.h"
#include "utf8.h"

enum { PAGES_AT_ONCE = 1024, STAMP = sizeof "-20261130T075257Z" - 1 };

/* Copies all pages as they are at one moment, while others go on reading and, with a WAL, writing. */
static int copy_pages(const maintenance *all, sqlite3 *copy) {
    sqlite3_backup *backup = sqlite3_backup_init(copy, "main", all->database, "main");
    if (backup == NULL) return maintain_fail(all, copy, "back up");
    int result;
    while ((result = sqlite3_backup_step(backup, PAGES_AT_ONCE)) == SQLITE_OK) {
        if (all->context->cancelled(all->context)) {
            sqlite3_backup_finish(backup);
            return job_fail(all->context, "cancelled", FAIL_RETRYABLE, "cancelled: back up `%s`", all->path);
        }
        double pages = sqlite3_backup_pagecount(backup), left = sqlite3_backup_remaining(backup);
        job_progress(all->context, 1 - left / pages, "backing up");
    }
    sqlite3_backup_finish(backup);
    if (result == SQLITE_DONE) return MILLRACE_OK;
    return maintain_fail(all, sqlite3_errcode(copy) != SQLITE_OK ? copy : all->database, "back up");
}

/* Whether the pages of the copy fit together: older backups go for it. */
static int check_copy(const maintenance *all, const char *path) {
    char *uri = sqlite3_mprintf("file:%s?immutable=1", path);
    sqlite3 *copy = NULL;
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_open_v2(uri, &copy, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL), is_good = 0;
    if (result == SQLITE_OK) result = sqlite3_prepare_v2(copy, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (result == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
        is_good = strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    }
    sqlite3_finalize(statement);
    sqlite3_close(copy);
    sqlite3_free(uri);
    if (is_good) return MILLRACE_OK;
    return job_fail(all->context, "corrupt", FAIL_FOR_GOOD,
                    "the backup of `%s` is damaged, as the database must be; older backups stay", all->path);
}

/* Writes the copy to the file `temporary` in the current directory, which is the one for backups. */
static int write_copy(const maintenance *all, const char *temporary) {
    int64_t tables;
    sqlite3 *copy = NULL;
    /* Held open, the transaction keeps what is copied at one moment; others' commits don't begin it anew. */
    if (sqlite3_exec(all->database, "BEGIN", NULL, NULL, NULL) != SQLITE_OK ||
        maintain_number(all->database, "SELECT count(*) FROM sqlite_schema", &tables) != SQLITE_OK) {
        return maintain_fail(all, all->database, "back up");
    }
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    /* A copy that is not finished is thrown away: it needs no journal. */
    int is_open = sqlite3_open_v2(temporary, &copy, flags, NULL) == SQLITE_OK &&
                  sqlite3_exec(copy, "PRAGMA journal_mode = OFF", NULL, NULL, NULL) == SQLITE_OK;
    int result = is_open ? copy_pages(all, copy) : maintain_fail(all, copy, "back up");
    sqlite3_close(copy);
    sqlite3_exec(all->database, "COMMIT", NULL, NULL, NULL);
    return result == MILLRACE_OK ? check_copy(all, temporary) : result;
}

/* Whether a name is that of a backup of this database: `NAME-20261130T075257Z.sqlite`. */
static int is_backup(const char *name, const char *database) {
    size_t length = strlen(database);
    if (strncmp(name, database, length) != 0 || strlen(name) != length + STAMP + strlen(".sqlite")) return 0;
    const char *stamp = name + length, *shape = "-ddddddddTddddddZ.sqlite";
    for (size_t i = 0; shape[i] != 0; i++) {
        if (shape[i] == 'd' ? stamp[i] < '0' || stamp[i] > '9' : stamp[i] != shape[i]) return 0;
    }
    return 1;
}

static int newest_first(const void *left, const void *right) {
    return strcmp(*(char *const *)right, *(char *const *)left);
}

/* Deletes all but the newest backups; tells which. Returns 0 or an errno. */
static int prune(const maintenance *all, int directory, const char *database, json_t *report) {
    char **names = NULL;
    size_t count = 0;
    json_t *deleted = json_array();
    json_object_set_new(report, "deleted", deleted);
    DIR *listing = fdopendir(dup(directory));
    if (listing == NULL) return errno;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        if (!is_backup(entry->d_name, database)) continue;
        char **more = realloc(names, (count + 1) * sizeof *names), *copy = strdup(entry->d_name);
        if (more == NULL || copy == NULL) return ENOMEM;
        names = more;
        names[count++] = copy;
    }
    closedir(listing);
    if (count > 0) qsort(names, count, sizeof *names, newest_first);
    int problem = 0;
    for (size_t i = 0; i < count; i++) {
        if (i >= (size_t)all->keep) {
            if (unlinkat(directory, names[i], 0) < 0 && errno != ENOENT) problem = errno;
            job_log(all->context, MILLRACE_LOG_INFO, "deleted the backup `%s`", names[i]);
            json_array_append_new(deleted, utf8_json(names[i]));
        }
        free(names[i]);
    }
    free(names);
    return problem;
}

/* Gives the copy its name and deletes old ones. */
static int keep_copy(const maintenance *all, new_file *file, json_t *report) {
    char name[NAME_MAX + 1], stamp[STAMP + 1];
    const char *database = strrchr(all->path, '/') + 1;
    struct stat status = {0};
    time_t now = time(NULL);
    struct tm parts;
    strftime(stamp, sizeof stamp, "-%Y%m%dT%H%M%SZ", gmtime_r(&now, &parts));
    int length = snprintf(name, sizeof name, "%.200s%s.sqlite", database, stamp);
    int problem = length >= (int)sizeof name || strlen(database) > 200 ? ENAMETOOLONG : 0;
    if (problem == 0 && fstat(file->descriptor, &status) < 0) problem = errno;
    if (problem == 0) problem = new_file_keep(file, name, 1);
    if (problem == 0 && fsync(file->directory) < 0) problem = errno;
    if (problem == 0) {
        json_object_set_new(report, "file", utf8_json(name));
        json_object_set_new(report, "bytes", json_integer(status.st_size));
        problem = prune(all, file->directory, database, report);
    }
    if (problem == 0) return MILLRACE_OK;
    return job_fail(all->context, "not_written", FAIL_RETRYABLE, "cannot keep a backup in `%s`: %s",
                    all->backup_directory, strerror(problem));
}

int maintain_backup(maintenance *all, json_t *report) {
    new_file file;
    int directory = open(all->backup_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* SQLite opens files by their paths only: from here the name is one. */
    int problem = directory < 0 || fchdir(directory) < 0 ? errno : new_file_open(&file, directory, all->job);
    if (problem != 0) {
        return job_fail(all->context, "not_written", FAIL_RETRYABLE, "cannot write to `%s`: %s",
                        all->backup_directory, strerror(problem));
    }
    int result = write_copy(all, file.temporary);
    if (result == MILLRACE_OK) result = keep_copy(all, &file, report);
    new_file_drop(&file);
    close(directory);
    return result;
}
