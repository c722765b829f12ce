/* exec: runs a program with arguments, without a shell. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "outputs.h"
#include "parameters.h"
#include "program.h"

static const char schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"command\"],\"properties\":{"
    "\"command\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1,"
    "\"description\":\"the program and its arguments; the program is looked for in PATH\"},"
    "\"environment\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"},"
    "\"writeOnly\":true,\"description\":\"variables that are added or replaced; nobody is shown them\"},"
    "\"directory\":{\"type\":\"string\",\"minLength\":1,"
    "\"description\":\"where it runs; default: the job's own directory\"},"
    "\"stdin\":{\"type\":\"string\",\"enum\":[\"input\",\"none\"],\"default\":\"input\","
    "\"description\":\"whether it reads the job's input\"},"
    "\"ok_codes\":{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":255},"
    "\"minItems\":1,\"default\":[0],\"description\":\"the exit codes that count as success\"},"
    "\"snooze_seconds\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":31536000,"
    "\"description\":\"exit code 75 has the job run again after so many seconds; else it is a failure\"},"
    "\"capture\":{\"type\":\"boolean\",\"default\":false,"
    "\"description\":\"standard output becomes the result, at most 16 MiB, instead of going to the log\"}}}";

static const char *const stdin_choices[] = {"input", "none", NULL};

/* Reads argv. */
static char **read_command(parameters *all) {
    json_t *command = parameters_value(all, "command", JSON_ARRAY);
    size_t count = json_array_size(command), i;
    char **arguments = calloc(count + 1, sizeof *arguments);
    json_t *word;
    if (count == 0 || arguments == NULL) parameters_refuse(all, "`command` must name a program");
    if (arguments == NULL) return NULL;
    json_array_foreach(command, i, word) {
        arguments[i] = (char *)json_string_value(word);
        if (arguments[i] == NULL) parameters_refuse(all, "`command` must be an array of strings");
    }
    if (count > 0 && arguments[0] != NULL && arguments[0][0] == 0) {
        parameters_refuse(all, "`command` must name a program");
    }
    return arguments;
}

/* Sets the variables here, in the job's own process: PATH then counts for finding the program too. */
static void set_environment(parameters *all, const millrace_job *job) {
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)job->id);
    setenv("MILLRACE_JOB", number, 1);
    snprintf(number, sizeof number, "%d", (int)job->attempt);
    setenv("MILLRACE_ATTEMPT", number, 1);
    if (job->trace_parent != NULL) setenv("TRACEPARENT", job->trace_parent, 1);

    json_t *environment = parameters_value(all, "environment", JSON_OBJECT), *value;
    const char *name;
    json_object_foreach(environment, name, value) {
        if (!json_is_string(value)) {
            parameters_refuse(all, "`environment.%s` must be a string", name);
        } else if (setenv(name, json_string_value(value), 1) < 0) {
            parameters_refuse(all, "`%s` can't be the name of a variable", name);
        }
    }
}

/* Whether `code` is among `ok_codes`; 0 alone if there are none. */
static int is_ok(json_t *ok_codes, int code) {
    size_t i;
    json_t *ok;
    if (ok_codes == NULL) return code == 0;
    json_array_foreach(ok_codes, i, ok) {
        if (json_is_integer(ok) && json_integer_value(ok) == code) return 1;
    }
    return 0;
}

static int fail_to_start(const millrace_context *context, const char *name, int problem) {
    switch (problem) {
    case ENOENT:
    case ENOTDIR:
        return job_fail(context, "command_not_found", FAIL_FOR_GOOD, "cannot find `%s`: %s", name,
                        strerror(problem));
    case EACCES:
    case ENOEXEC:
    case EISDIR:
    case ELIBBAD:
    case EPERM:
        return job_fail(context, "command_not_executable", FAIL_FOR_GOOD, "cannot execute `%s`: %s", name,
                        strerror(problem));
    case E2BIG:
        return job_fail(context, "command_too_long", FAIL_FOR_GOOD, "cannot execute `%s`: %s", name,
                        strerror(problem));
    default: /* Out of processes or memory: another attempt may have more of them. */
        return job_fail(context, "not_started", FAIL_RETRYABLE, "cannot start `%s`: %s", name,
                        strerror(problem));
    }
}

/* Says how the program ended; nothing if it ended well. */
static int judge(const millrace_context *context, const program *one, json_t *ok_codes) {
    char code[24];
    if (WIFSIGNALED(one->status)) {
        int signal = WTERMSIG(one->status);
        snprintf(code, sizeof code, "signal_%d", signal);
        return job_fail(context, code, FAIL_RETRYABLE, "`%s` was killed by signal %d (%s)%s",
                        one->arguments[0], signal, strsignal(signal),
                        WCOREDUMP(one->status) ? " and dumped core" : "");
    }
    if (is_ok(ok_codes, WEXITSTATUS(one->status))) return MILLRACE_OK;
    snprintf(code, sizeof code, "exit_%d", WEXITSTATUS(one->status));
    return job_fail(context, code, FAIL_RETRYABLE, "`%s` exited with code %d", one->arguments[0],
                    WEXITSTATUS(one->status));
}

/* Text is what is UTF-8, as jansson judges it, and has no zero byte. */
static const char *media_type(const program *one) {
    json_t *text = json_stringn(one->output_length > 0 ? one->output : "", one->output_length);
    int is_text = text != NULL && (one->output_length == 0 || !memchr(one->output, 0, one->output_length));
    json_decref(text);
    return is_text ? "text/plain; charset=utf-8" : "application/octet-stream";
}

/* Puts what a failed program wrote into the log: it has no result, but its words may tell why. */
static void log_output(const program *one) {
    for (size_t done = 0; done < one->output_length;) {
        ssize_t count = write(STDOUT_FILENO, one->output + done, one->output_length - done);
        if (count < 0 && errno != EINTR) return;
        if (count > 0) done += (size_t)count;
    }
}

/* EX_TEMPFAIL of sysexits.h: the program can't do it now. */
enum { AGAIN_LATER = 75 };

static int run(const millrace_job *job, const millrace_context *context) {
    parameters all;
    parameters_open(&all, job);
    program one = {.arguments = read_command(&all), .directory = -1};
    set_environment(&all, job);
    json_t *ok_codes = parameters_value(&all, "ok_codes", JSON_ARRAY);
    const char *directory = parameters_text(&all, "directory", NULL);
    one.captures = parameters_flag(&all, "capture", 0);
    if (parameters_choice(&all, "stdin", stdin_choices) == 0) {
        one.input = job->input;
        one.input_length = job->input_length;
    }
    int64_t snooze = parameters_integer(&all, "snooze_seconds", 0, 1, 31536000);
    if (parameters_refused(&all, context)) return MILLRACE_FAILED;

    int problem = outputs_write(job);
    if (problem != 0) {
        return job_fail(context, "no_outputs", FAIL_RETRYABLE, "cannot write the outputs of other jobs: %s",
                        strerror(problem));
    }
    if (directory != NULL && (one.directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) {
        return job_fail(context, "no_directory", FAIL_FOR_GOOD, "cannot enter `%s`: %s", directory,
                        strerror(errno));
    }
    problem = program_start(&one);
    if (problem != 0) return fail_to_start(context, one.arguments[0], problem);
    problem = program_wait(&one);
    if (problem == EFBIG) {
        return job_fail(context, "output_too_large", FAIL_FOR_GOOD,
                        "`%s` wrote more than %d MiB to its standard output", one.arguments[0],
                        CAPTURE_MAX >> 20);
    }
    if (problem != 0) {
        return job_fail(context, "not_captured", FAIL_RETRYABLE, "cannot follow `%s`: %s", one.arguments[0],
                        strerror(problem));
    }
    if (snooze > 0 && WIFEXITED(one.status) && WEXITSTATUS(one.status) == AGAIN_LATER) {
        log_output(&one);
        return job_snooze(context, (double)snooze, "`%s` exited with code %d", one.arguments[0], AGAIN_LATER);
    }
    int verdict = judge(context, &one, ok_codes);
    if (verdict != MILLRACE_OK) {
        log_output(&one);
    } else if (one.captures) {
        verdict = job_result(context, one.output, one.output_length, media_type(&one));
    }
    return verdict;
}

static const millrace_handler handlers[] = {{
    .size = sizeof(millrace_handler),
    .name = "exec",
    .summary = "Runs a program with arguments, without a shell",
    .parameter_schema = schema,
    .run = run,
    .max_attempts = 1,
    .flags = MILLRACE_UNRELATED_JOBS,
}};

static const millrace_plugin plugin = {
    .size = sizeof(millrace_plugin),
    .abi = MILLRACE_ABI,
    .name = "exec",
    .version = "0.1.0",
    .handlers = handlers,
    .handler_count = 1,
};

MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe(void) {
    return &plugin;
}
