/* index: a full-text index of a tree, in an SQLite database. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "search.h"
#include "update.h"
#include "utf8.h"

static const char index_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"path\",\"database\"],"
    "\"properties\":{"
    "\"path\":{\"type\":\"string\",\"minLength\":1,\"description\":\"the directory, absolute\"},"
    "\"database\":{\"type\":\"string\",\"minLength\":1,"
    "\"description\":\"the file of the index, absolute; made if it is missing\"},"
    "\"include\":{" PATTERNS_SCHEMA ",\"description\":\"only these files: *.md, docs/**\"},"
    "\"except\":{" PATTERNS_SCHEMA ",\"description\":\"never these files and directories\"},"
    "\"max_file\":{\"type\":[\"string\",\"integer\"],\"default\":\"1M\","
    "\"description\":\"files with more bytes are passed over; at most 64M\"},"
    "\"cross_filesystems\":{\"type\":\"boolean\",\"default\":false,"
    "\"description\":\"whether what is mounted below is indexed, too\"}}}";

static const char search_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"database\",\"query\"],"
    "\"properties\":{"
    "\"database\":{\"type\":\"string\",\"minLength\":1,\"description\":\"the file of the index, absolute\"},"
    "\"query\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":1000,"
    "\"description\":\"words, a phrase in double quotes, AND, OR, NOT, a prefix*, path:word\"},"
    "\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000,\"default\":10,"
    "\"description\":\"how many files are told, the best first\"}}}";

enum { MAX_FILE = 64 << 20 };

/* Fails the job for what the store said. */
static int fail(const update *all, const char *path, const char *root, int result) {
    const char *words = all->store->database != NULL ? sqlite3_errmsg(all->store->database) : "no memory";
    switch (result & 0xFF) {
    case STORE_FOREIGN:
    case SQLITE_NOTADB:
        return job_fail(all->context, "not_an_index", FAIL_FOR_GOOD,
                        "`%s` exists and is no index of this plugin's; name another file", path);
    case STORE_OTHER_ROOT:
        return job_fail(all->context, "other_tree", FAIL_FOR_GOOD,
                        "`%s` is the index of another tree than `%s`; name another file, or delete it", path,
                        root);
    case SQLITE_INTERRUPT:
        return job_fail(all->context, "cancelled", FAIL_RETRYABLE,
                        "cancelled after %lld files; they are in the index", (long long)all->added);
    case SQLITE_CORRUPT:
        return job_fail(all->context, "corrupt", FAIL_FOR_GOOD,
                        "the index `%s` is damaged: %s; delete it, and it is made anew", path, words);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return job_fail(all->context, "not_opened", FAIL_FOR_GOOD, "cannot open the index `%s`: %s", path,
                        words);
    default:
        return job_fail(all->context, "not_written", FAIL_RETRYABLE, "cannot write the index `%s`: %s", path,
                        words);
    }
}

static int report(const update *all, const char *path, const char *root) {
    json_t *object = json_pack("{sososIsIsIsIsIsI}", "database", utf8_json(path), "path", utf8_json(root),
                               "added", (json_int_t)all->added,
                               "unchanged", (json_int_t)all->unchanged,
                               "removed", (json_int_t)all->removed,
                               "passed_over", (json_int_t)all->passed_over,
                               "unnamed", (json_int_t)all->unnamed,
                               "unreadable", (json_int_t)(all->unreadable + (int64_t)all->list->unreadable));
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text == NULL) return job_fail(all->context, "no_memory", FAIL_RETRYABLE, "no memory for the report");
    return job_result(all->context, text, strlen(text), "application/json");
}

static int bring_up(update *all, const char *path, const char *root) {
    store store;
    all->store = &store;
    int result = store_open(&store, path, root);
    if (result == SQLITE_OK) result = update_run(all);
    int answer = result == SQLITE_OK || result == SQLITE_INTERRUPT ? report(all, path, root) : MILLRACE_OK;
    if (answer == MILLRACE_OK && result != SQLITE_OK) answer = fail(all, path, root, result);
    store_close(&store);
    if (answer != MILLRACE_OK || all->unreadable + (int64_t)all->list->unreadable == 0) return answer;
    return job_fail(all->context, "unreadable", FAIL_FOR_GOOD,
                    "could not read %lld of the files and directories; the log names each%s",
                    (long long)all->unreadable + (long long)all->list->unreadable,
                    all->list->unreadable > 0 ? ", and nothing left the index" : "");
}

static int index_files(const millrace_job *job, const millrace_context *context) {
    parameters given;
    tree_root root;
    tree_list list;
    parameters_open(&given, job);
    const char *path = parameters_text(&given, "path", "");
    const char *database = parameters_text(&given, "database", "");
    patterns include = parameters_patterns(&given, "include");
    patterns except = parameters_patterns(&given, "except");
    int64_t max_file = parameters_size(&given, "max_file", 1 << 20);
    int flags = parameters_flag(&given, "cross_filesystems", 0) ? TREE_ROOT_CROSSES : 0;
    if (path[0] == 0) parameters_refuse(&given, "`path` must name a directory");
    if (database[0] != '/') parameters_refuse(&given, "`database` must be an absolute path");
    if (max_file > MAX_FILE) parameters_refuse(&given, "`max_file` may be 64M at most");
    if (parameters_refused(&given, context)) return MILLRACE_FAILED;

    int problem = tree_root_open(&root, path, flags);
    if (problem != 0) return tree_root_fail(context, path, problem);
    context->progress(context, 0, "listing");
    problem = tree_list_read(&list, &root, &except, context);
    if (problem != 0) {
        return job_fail(context, problem == ECANCELED ? "cancelled" : "no_memory", FAIL_RETRYABLE,
                        "cannot list `%s`: %s", path, strerror(problem));
    }
    update all = {
        .root = &root,
        .list = &list,
        .include = &include,
        .max_file = max_file,
        .context = context,
    };
    return bring_up(&all, database, path);
}

static const millrace_limits limits = {
    .size = sizeof(millrace_limits),
    .memory_bytes = 512 << 20,
    .cpu_millis = 1000,
    .pids = 4,
};

static const millrace_handler handlers[] = {
    {
        .size = sizeof(millrace_handler),
        .name = "index.files",
        .summary = "Brings a full-text index of a directory up to date",
        .parameter_schema = index_schema,
        .run = index_files,
        .limits = &limits,
        .timeout_ms = 6 * 3600000,
    },
    {
        .size = sizeof(millrace_handler),
        .name = "index.search",
        .summary = "Finds files by their text in an index",
        .parameter_schema = search_schema,
        .run = search_run,
        .limits = &limits,
        .timeout_ms = 60000,
    },
};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "index",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = 2,
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) {
    return &plugin;
}
