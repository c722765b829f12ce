// nameless: greets somebody. Put what your jobs do into `greet`.
#include <exception>
#include <stdexcept>
#include <string>

#include "parameters.h"

namespace {

// What the runner checks the parameters against, and fills in, before it accepts a job.
constexpr char schema[] = R"({"type":"object","additionalProperties":false,"properties":{
  "who":{"type":"string","minLength":1,"maxLength":200,"default":"world","description":"whom to greet"},
  "times":{"type":"integer","minimum":1,"maximum":100,"default":1,"description":"how often"}}})";

struct Stopped : std::runtime_error {
    Stopped() : std::runtime_error("the job was asked to stop") {}
};

std::string greet(const std::string &who, int64_t times, const millrace_context *context) {
    std::string text;
    for (int64_t i = 0; i < times; i++) {
        if (context->cancelled(context)) throw Stopped();
        text += "Hello, " + who + "!\n";
        job_progress(context, double(i + 1) / double(times), "greeting");
    }
    job_log(context, MILLRACE_LOG_INFO, "greeted %s", who.c_str());
    return text;
}

// No exception may leave this function: what calls it is not C++.
int run(const millrace_job *job, const millrace_context *context) try {
    parameters all;
    parameters_open(&all, job);
    std::string who = parameters_text(&all, "who", "world");
    int64_t times = parameters_integer(&all, "times", 1, 1, 100);
    if (parameters_refused(&all, context)) return MILLRACE_FAILED;
    std::string text = greet(who, times, context);
    return job_result(context, text.data(), text.size(), "text/plain; charset=utf-8");
} catch (const Stopped &stopped) {
    return job_fail(context, "cancelled", FAIL_RETRYABLE, "%s", stopped.what());
} catch (const std::exception &error) {
    return job_fail(context, "error", FAIL_RETRYABLE, "%s", error.what());
}

millrace_handler make_handler() {
    millrace_handler handler{};
    handler.size = sizeof handler;
    handler.name = "nameless";
    handler.summary = "Greets somebody";
    handler.parameter_schema = schema;
    handler.run = run;
    return handler;
}

millrace_plugin make_plugin() {
    static const millrace_handler handlers[] = {make_handler()};
    millrace_plugin plugin{};
    plugin.size = sizeof plugin;
    plugin.abi = MILLRACE_ABI;
    plugin.name = "nameless";
    plugin.version = "0.1.0";
    plugin.handlers = handlers;
    plugin.handler_count = 1;
    return plugin;
}

}  // namespace

extern "C" MILLRACE_EXPORT const millrace_plugin *millrace_plugin_describe() {
    static const millrace_plugin plugin = make_plugin();
    return &plugin;
}
