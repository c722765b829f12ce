#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const check_kinds[] = {"http", "tcp", "disk", "memory", "load", "file", NULL};

/* What else a check may have, and for which kinds that means something. */
static const struct {
    const char *name;
    int kinds;
} members[] = {
    {"statuses", 1 << CHECK_HTTP},
    {"ca_file", 1 << CHECK_HTTP},
    {"timeout", 1 << CHECK_HTTP | 1 << CHECK_TCP},
    {"min_free", 1 << CHECK_DISK},
    {"min_free_percent", 1 << CHECK_DISK},
    {"max_age", 1 << CHECK_FILE},
};

static int read_kind(parameters *all, json_t *element) {
    int kind = -1;
    for (int i = 0; check_kinds[i] != NULL; i++) {
        if (json_object_get(element, check_kinds[i]) == NULL) continue;
        if (kind >= 0) parameters_refuse(all, "it is both `%s` and `%s`", check_kinds[kind], check_kinds[i]);
        kind = i;
    }
    if (kind < 0) parameters_refuse(all, "it is none of `http`, `tcp`, `disk`, `memory`, `load`, `file`");
    for (size_t i = 0; kind >= 0 && i < sizeof members / sizeof members[0]; i++) {
        if (json_object_get(element, members[i].name) != NULL && !(members[i].kinds & 1 << kind)) {
            parameters_refuse(all, "`%s` means nothing for `%s`", members[i].name, check_kinds[kind]);
        }
    }
    return kind;
}

static void read_bounds(check *one, parameters *all) {
    const char *kind = check_kinds[one->kind];
    if (one->kind == CHECK_MEMORY) {
        one->min_bytes = parameters_size(all, kind, 0);
    } else if (one->kind == CHECK_LOAD) {
        one->max_load = parameters_number(all, kind, 0, 1e6);
    } else {
        one->place = parameters_text(all, kind, "");
        if (one->place[0] == 0) parameters_refuse(all, "`%s` is empty", kind);
    }
    int is_bare = json_object_get(all->object, "min_free") == NULL;
    one->timeout = parameters_number(all, "timeout", 5, 60);
    one->ca_file = parameters_text(all, "ca_file", NULL);
    one->statuses = parameters_value(all, "statuses", JSON_ARRAY);
    if (one->kind == CHECK_DISK) {
        one->min_bytes = parameters_size(all, "min_free", 0);
        one->min_percent = parameters_number(all, "min_free_percent", is_bare ? 10 : 0, 100);
    }
    one->max_age = parameters_number(all, "max_age", -1, 1e10);
    if (one->kind == CHECK_FILE && one->max_age < 0) parameters_refuse(all, "`max_age` is missing");
}

void check_read(check *one, parameters *all, json_t *element, size_t index) {
    parameters own = {.object = element};
    if (!json_is_object(element)) parameters_refuse(&own, "it must be an object");
    one->kind = read_kind(&own, element);
    if (one->kind >= 0) {
        read_bounds(one, &own);
        const char *name = parameters_text(&own, "name", NULL);
        const char *place = one->place != NULL ? one->place : "";
        if (name != NULL) {
            snprintf(one->name, sizeof one->name, "%s", name);
        } else {
            /* The query of an address may hold secrets. */
            int length = (int)strcspn(place, one->kind == CHECK_HTTP ? "?#" : "");
            snprintf(one->name, sizeof one->name, "%s%s%.*s", check_kinds[one->kind],
                     one->place != NULL ? " " : "", length, place);
        }
    }
    one->figures = json_object();
    if (own.problem[0] != 0) parameters_refuse(all, "`checks.%zu`: %s", index, own.problem);
}

void check_fail(check *one, const char *format, ...) {
    va_list values;
    va_start(values, format);
    vsnprintf(one->problem, sizeof one->problem, format, values);
    va_end(values);
}
