#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "transfer.h"

static int is_good(const check *one, long status) {
    size_t index;
    json_t *good;
    if (one->statuses == NULL) return status >= 200 && status < 300;
    json_array_foreach(one->statuses, index, good) {
        if (json_integer_value(good) == status) return 1;
    }
    return 0;
}

/* Reads the address; `host:port` as one of http, of which only the connection is made. */
static int read_target(check *one, target *to) {
    char address[TARGET_MAX + 1];
    char *port = NULL;
    const char *problem = NULL;
    if (one->kind == CHECK_HTTP) {
        problem = target_read(to, one->place, NULL);
    } else if (strpbrk(one->place, "/?#@") != NULL) {
        problem = "it must be `host:port`";
        *to = (target){0};
    } else {
        snprintf(address, sizeof address, "http://%s", one->place);
        problem = target_read(to, address, NULL);
        int has_port = problem == NULL && curl_url_get(to->url, CURLUPART_PORT, &port, 0) == CURLUE_OK;
        if (problem == NULL && !has_port) problem = "it must be `host:port`";
        curl_free(port);
    }
    if (problem != NULL) check_fail(one, "`%s` can't be taken: %s", one->place, problem);
    return problem != NULL;
}

int check_server(check *one, const millrace_context *context) {
    target to;
    int is_cancelled = 0;
    if (read_target(one, &to)) {
        target_drop(&to);
        return 0;
    }
    transfer answer = {
        .to = &to,
        .method = "GET",
        .deadline = clock_seconds(CLOCK_MONOTONIC) + one->timeout,
        .only_connects = one->kind == CHECK_TCP,
        .only_status = 1,
        .ca_file = one->ca_file,
    };
    if (transfer_run(&answer, context)) {
        is_cancelled = strcmp(answer.fault.code, "cancelled") == 0;
        check_fail(one, "%s (%s)", answer.fault.words, answer.fault.code);
    } else if (one->kind == CHECK_HTTP) {
        json_object_set_new(one->figures, "status", json_integer(answer.status));
        if (!is_good(one, answer.status)) check_fail(one, "it answers with %ld", answer.status);
    }
    transfer_end(&answer);
    target_drop(&to);
    return is_cancelled;
}
