#include "search.h"

#include <string.h>
#include <unistd.h>

#include "parameters.h"
#include "store.h"
#include "utf8.h"

/* A word in the path counts as four in the text. A lower rank is a better one. */
static const char find[] =
    "SELECT path, snippet(text, 1, '[', ']', '…', 16), bm25(text, 4.0, 1.0) AS rank FROM text "
    "WHERE text MATCH ?1 ORDER BY rank, path LIMIT ?2";

static int stop_if_cancelled(void *context) {
    return ((const millrace_context *)context)->cancelled(context);
}

/* Adds what is found to `hits`. Returns an SQLite code. */
static int collect(const store *store, const char *query, int64_t limit, json_t *hits) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(store->database, find, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, query, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, limit);
    }
    while (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *path = (const char *)sqlite3_column_text(statement, 0);
        const char *snippet = (const char *)sqlite3_column_text(statement, 1);
        json_t *hit = json_pack("{sososf}", "path", utf8_json(path != NULL ? path : ""), "snippet",
                                utf8_json(snippet != NULL ? snippet : ""), "rank",
                                sqlite3_column_double(statement, 2));
        json_array_append_new(hits, hit);
        result = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

static int fail(const store *store, const char *path, const char *query, int result,
                const millrace_context *context) {
    const char *words = store->database != NULL ? sqlite3_errmsg(store->database) : "no memory";
    switch (result & 0xFF) {
    case SQLITE_ERROR: /* The only thing here that is not ours is the query. */
        return job_fail(context, "bad_query", FAIL_FOR_GOOD,
                        "`%s` is no query: %s; put what has other signs than letters in double quotes", query,
                        words);
    case STORE_FOREIGN:
    case SQLITE_NOTADB:
        return job_fail(context, "not_an_index", FAIL_FOR_GOOD, "`%s` is no index of this plugin's", path);
    case SQLITE_INTERRUPT: return job_fail(context, "cancelled", FAIL_RETRYABLE, "cancelled: `%s`", query);
    case SQLITE_CANTOPEN:
        return job_fail(context, access(path, F_OK) == 0 ? "not_opened" : "not_found", FAIL_FOR_GOOD,
                        "cannot open the index `%s`: %s", path, words);
    default:
        return job_fail(context, "not_searched", FAIL_RETRYABLE, "cannot search the index `%s`: %s", path,
                        words);
    }
}

int search_run(const millrace_job *job, const millrace_context *context) {
    parameters given;
    store store;
    parameters_open(&given, job);
    const char *path = parameters_text(&given, "database", ""), *query = parameters_text(&given, "query", "");
    int64_t limit = parameters_integer(&given, "limit", 10, 1, 1000);
    if (path[0] != '/') parameters_refuse(&given, "`database` must be an absolute path");
    if (query[0] == 0 || strlen(query) > 4000) parameters_refuse(&given, "`query` must have 1 to 4000 bytes");
    if (parameters_refused(&given, context)) return MILLRACE_FAILED;

    json_t *hits = json_array();
    int result = store_open_to_search(&store, path);
    if (result == SQLITE_OK) {
        sqlite3_progress_handler(store.database, 100000, stop_if_cancelled, (void *)context);
        result = collect(&store, query, limit, hits);
    }
    if (result != SQLITE_OK) {
        fail(&store, path, query, result, context);
        store_close(&store);
        return MILLRACE_FAILED;
    }
    store_close(&store);
    json_t *object = json_pack("{sosisI}", "hits", hits, "count", (int)json_array_size(hits), "limit",
                               (json_int_t)limit);
    const size_t style = JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(6);
    char *text = object != NULL ? json_dumps(object, style) : NULL;
    if (text == NULL) return job_fail(context, "no_memory", FAIL_RETRYABLE, "no memory for the result");
    return job_result(context, text, strlen(text), "application/json");
}
