#include "parameters.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void parameters_refuse(parameters *all, const char *format, ...) {
    if (all->problem[0] != 0) return; /* The first one is the one to tell. */
    va_list values;
    va_start(values, format);
    vsnprintf(all->problem, sizeof all->problem, format, values);
    va_end(values);
}

void parameters_open(parameters *all, const millrace_job *job) {
    memset(all, 0, sizeof *all);
    if (job->parameters == NULL || job->parameters_length == 0) return;
    json_error_t error;
    all->object = json_loadb(job->parameters, job->parameters_length, JSON_REJECT_DUPLICATES, &error);
    if (all->object == NULL) {
        parameters_refuse(all, "the parameters are not JSON: %s", error.text);
    } else if (!json_is_object(all->object)) {
        parameters_refuse(all, "the parameters are not a JSON object");
    }
}

static const char *name_of(json_type type) {
    switch (type) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    case JSON_STRING: return "a string";
    case JSON_INTEGER: return "a whole number";
    case JSON_REAL: return "a number";
    case JSON_TRUE:
    case JSON_FALSE: return "true or false";
    case JSON_NULL: break;
    }
    return "null";
}

json_t *parameters_value(parameters *all, const char *name, json_type type) {
    json_t *value = json_object_get(all->object, name);
    if (value == NULL || json_typeof(value) == type) return value;
    parameters_refuse(all, "`%s` must be %s, but is %s", name, name_of(type), name_of(json_typeof(value)));
    return NULL;
}

const char *parameters_text(parameters *all, const char *name, const char *fallback) {
    json_t *value = parameters_value(all, name, JSON_STRING);
    return value != NULL ? json_string_value(value) : fallback;
}

int parameters_flag(parameters *all, const char *name, int fallback) {
    json_t *value = json_object_get(all->object, name);
    if (json_is_boolean(value)) return json_is_true(value);
    parameters_value(all, name, JSON_TRUE); /* Tells what it should have been, if it was given. */
    return fallback;
}

int64_t parameters_integer(parameters *all, const char *name, int64_t fallback, int64_t lowest,
                           int64_t highest) {
    json_t *value = parameters_value(all, name, JSON_INTEGER);
    if (value == NULL) return fallback;
    int64_t number = json_integer_value(value);
    if (number >= lowest && number <= highest) return number;
    parameters_refuse(all, "`%s` must be from %lld to %lld, but is %lld", name, (long long)lowest,
                      (long long)highest, (long long)number);
    return fallback;
}

double parameters_number(parameters *all, const char *name, double fallback, double highest) {
    json_t *value = json_object_get(all->object, name);
    if (!json_is_number(value)) {
        parameters_value(all, name, JSON_REAL); /* Tells what it should have been, if it was given. */
        return fallback;
    }
    double number = json_number_value(value);
    if (number >= 0 && number <= highest) return number;
    parameters_refuse(all, "`%s` must be from 0 to %g, but is %g", name, highest, number);
    return fallback;
}

/* Reads "64K", "256M", "1.5G", "2GiB", "100": bytes, or -1 if it is no size. */
static int64_t size_from(const char *text) {
    static const struct {
        const char *suffix;
        int shift;
    } units[] = {
        {"", 0},   {"b", 0},  {"k", 10},  {"kb", 10},  {"kib", 10}, {"m", 20},  {"mb", 20},  {"mib", 20},
        {"g", 30}, {"gb", 30}, {"gib", 30}, {"t", 40}, {"tb", 40},  {"tib", 40},
    };
    size_t digits = strspn(text, "0123456789.");
    char *end = NULL;
    double number = strtod(text, &end);
    if (digits == 0 || end != text + digits) return -1;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcasecmp(end, units[i].suffix) != 0) continue;
        double bytes = ldexp(number, units[i].shift);
        return bytes < 0x1p62 ? (int64_t)bytes : -1;
    }
    return -1;
}

int64_t parameters_size(parameters *all, const char *name, int64_t fallback) {
    json_t *value = json_object_get(all->object, name);
    int64_t size = json_is_integer(value)  ? json_integer_value(value)
                   : json_is_string(value) ? size_from(json_string_value(value))
                                           : -1;
    if (value == NULL || size >= 0) return value == NULL ? fallback : size;
    parameters_refuse(all, "`%s` must be a size such as 64K, 256M or 1.5G", name);
    return fallback;
}

/* Reads "90s", "15m", "36h", "30d", "2w": seconds, or -1 if it is no span. */
static int64_t span_from(const char *text) {
    static const struct {
        char suffix;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || text[digits] == 0 || text[digits + 1] != 0) return -1;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (text[digits] == units[i].suffix) return strtoll(text, NULL, 10) * units[i].seconds;
    }
    return -1;
}

int64_t parameters_span(parameters *all, const char *name, int64_t fallback) {
    json_t *value = json_object_get(all->object, name);
    if (value == NULL) return fallback;
    int64_t seconds = json_is_integer(value)  ? json_integer_value(value)
                      : json_is_string(value) ? span_from(json_string_value(value))
                                              : -1;
    if (seconds >= 0 && seconds <= INT64_C(1000000000) * 604800) return seconds;
    parameters_refuse(all, "`%s` must be a span such as 90s, 15m, 36h, 30d or 2w", name);
    return fallback;
}

int parameters_choice(parameters *all, const char *name, const char *const *choices) {
    const char *text = parameters_text(all, name, choices[0]);
    for (int i = 0; choices[i] != NULL; i++) {
        if (strcmp(text, choices[i]) == 0) return i;
    }
    parameters_refuse(all, "`%s` may not be `%.80s`", name, text);
    return 0;
}

int parameters_refused(const parameters *all, const millrace_context *context) {
    if (all->problem[0] == 0) return 0;
    context->fail(context, "invalid_parameters", all->problem, FAIL_FOR_GOOD);
    return 1;
}
