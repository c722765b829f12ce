#include "waits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void waits_read(waits *all, const millrace_job *job) {
    *all = (waits){0};
    if (!MILLRACE_HAS(job, checkpoint_length) || job->checkpoint_length == 0) return;
    json_t *saved = json_loadb((const char *)job->checkpoint, job->checkpoint_length, 0, NULL);
    const char *id = json_string_value(json_object_get(saved, "id"));
    all->count = json_integer_value(json_object_get(saved, "waits"));
    if (id != NULL) snprintf(all->id, sizeof all->id, "%s", id);
    json_decref(saved);
}

int waits_save(const waits *all, const millrace_context *context) {
    json_t *saved = json_pack("{s:s, s:I}", "id", all->id, "waits", (json_int_t)all->count);
    char *text = json_dumps(saved, JSON_COMPACT);
    int is_saved = text != NULL && MILLRACE_HAS(context, checkpoint) &&
                   context->checkpoint(context, text, strlen(text)) == MILLRACE_OK;
    free(text);
    json_decref(saved);
    if (is_saved) return 0;
    job_fail(context, "no_checkpoint", FAIL_RETRYABLE, "cannot save what the next attempt must know");
    return 1;
}

/* https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3: seconds, or a date. */
double waits_asked(const transfer *answer) {
    const char *text = transfer_field(answer, "retry-after");
    if (text == NULL) return 0;
    if (text[strspn(text, "0123456789")] == 0) return strtod(text, NULL);
    time_t date = curl_getdate(text, NULL);
    double seconds = date == -1 ? 0 : difftime(date, time(NULL));
    return seconds > 0 ? seconds : 0;
}
