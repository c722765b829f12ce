/* parameters.h: what the handlers in C that ship have in common: reading a job's parameters (by jansson),
 * speaking to the log in printf's way, and waiting.
 *
 * The runner has checked the parameters against the schema and filled in its defaults. A handler asks for
 * each one all the same with its bounds and its default: what does not fit is remembered, and one question
 * at the end, `parameters_refused`, fails the job with the first problem.
 */
#ifndef MILLRACE_PARAMETERS_H
#define MILLRACE_PARAMETERS_H

#include <jansson.h>
#include <stdint.h>
#include <time.h>

#include "millrace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The parameters of a job. Texts that come out of it live as long as it does: until the job ends. */
typedef struct parameters {
    json_t *object;
    /* The first thing that does not fit; empty if all is well. */
    char problem[240];
} parameters;

/* Reads the JSON object of the job's parameters. */
void parameters_open(parameters *all, const millrace_job *job);

/* Returns the value of the JSON type `type`; NULL if it was not given or is of another type. */
json_t *parameters_value(parameters *all, const char *name, json_type type);

/* Returns a text; `fallback` if it was not given. */
const char *parameters_text(parameters *all, const char *name, const char *fallback);

/* Returns 1 or 0. */
int parameters_flag(parameters *all, const char *name, int fallback);

/* Returns a whole number from `lowest` to `highest`. */
int64_t parameters_integer(parameters *all, const char *name, int64_t fallback, int64_t lowest,
                           int64_t highest);

/* Returns a number from 0 to `highest`. */
double parameters_number(parameters *all, const char *name, double fallback, double highest);

/* Returns a size in bytes: a whole number, or a text such as "256M" (powers of 1024). */
int64_t parameters_size(parameters *all, const char *name, int64_t fallback);

/* Returns a span in seconds: a whole number, or a text such as "30d" (s, m, h, d, w). */
int64_t parameters_span(parameters *all, const char *name, int64_t fallback);

/* Returns which of `choices` (ended by NULL) was taken: its index; 0, the first one, if none was given. */
int parameters_choice(parameters *all, const char *name, const char *const *choices);

/* Remembers that a parameter does not fit. */
void parameters_refuse(parameters *all, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns 1, and has failed the job as `invalid_parameters`, if anything did not fit; else 0. */
int parameters_refused(const parameters *all, const millrace_context *context);

/* Writes a formatted line to the job's log. */
void job_log(const millrace_context *context, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reports a fraction and a formatted message. */
void job_progress(const millrace_context *context, double fraction, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Seconds on `clock`. */
double clock_seconds(clockid_t clock);

/* Sleeps for so many seconds, at most one; SIGTERM wakes it, even if it came just before. */
void job_doze(const millrace_context *context, double seconds);

/* Sets the result. Returns MILLRACE_OK, or fails the job as `result_refused` if the runner does not take
 * it. */
int job_result(const millrace_context *context, const void *bytes, size_t length, const char *media_type);

/* Asks for another run after so many seconds, with a formatted reason; returns what `run` returns then: it
 * fails the job as `snooze_refused` if the runner is too old for it. */
int job_snooze(const millrace_context *context, double seconds, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What `retryable` means to `job_fail`. */
enum { FAIL_FOR_GOOD = 0, FAIL_RETRYABLE = 1 };

/* Fails the job with a formatted message; returns MILLRACE_FAILED. */
int job_fail(const millrace_context *context, const char *code, int retryable, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#ifdef __cplusplus
}
#endif

#endif
