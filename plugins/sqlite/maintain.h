/* maintain.h: what is done to a database, one action at a time. */
#ifndef SQLITE_MAINTAIN_H
#define SQLITE_MAINTAIN_H

#include <sqlite3.h>

#include "parameters.h"

typedef struct maintenance {
    sqlite3 *database;
    const char *path;
    /* Where backups go, and how many stay. */
    const char *backup_directory;
    int64_t keep;
    /* How long somebody else's lock is waited for. */
    double lock_seconds;
    /* Whether its pages were found to fit together. */
    int is_checked;
    const millrace_job *job;
    const millrace_context *context;
} maintenance;

/* Each action adds what it has to tell to `report` and returns MILLRACE_OK, or MILLRACE_FAILED and has said
 * why. */
int maintain_backup(maintenance *all, json_t *report);
int maintain_vacuum(maintenance *all, json_t *report);
int maintain_check(maintenance *all, json_t *report);
int maintain_checkpoint(maintenance *all, json_t *report);
int maintain_optimize(maintenance *all, json_t *report);

/* Opens a database that exists, to read or also to write. Returns as an action; closes nothing. */
int maintain_open(maintenance *all, int writes);

/* Fails the job for an error of SQLite on `database`; returns MILLRACE_FAILED. */
int maintain_fail(const maintenance *all, sqlite3 *database, const char *doing);

/* Runs a statement that gives one number. Returns an SQLite code. */
int maintain_number(sqlite3 *database, const char *sql, int64_t *number);

#endif
