#include "redirect.h"

#include <string.h>

enum { SHOWN_MAX = 300 };

int redirect_is_one(const transfer *answer) {
    long status = answer->status;
    return (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) &&
           transfer_field(answer, "location") != NULL;
}

/* As browsers do it (https://www.rfc-editor.org/rfc/rfc9110#section-15.4): 303 asks for something to be
 * fetched, so do 301 and 302 after a POST; else method and body stay. */
static void change_method(request *one, long status) {
    int is_post = strcmp(one->method, "POST") == 0, is_head = strcmp(one->method, "HEAD") == 0;
    if (!(status == 303 && !is_head) && !((status == 301 || status == 302) && is_post)) return;
    one->method = "GET";
    one->content = NULL;
    one->content_length = 0;
}

int redirect_take(request *one, const transfer *answer, const millrace_context *context) {
    target next;
    const char *place = transfer_field(answer, "location");
    const char *problem = target_read(&next, place, &one->to);
    if (problem != NULL) {
        /* Neither a password nor a query is shown. */
        const char *shown = strchr(place, '@') != NULL ? "…" : place;
        size_t length = strcspn(shown, "?#");
        job_fail(context, "bad_redirect", FAIL_FOR_GOOD, "`%s` redirects to `%.*s`: %s", one->to.shown,
                 length > SHOWN_MAX ? SHOWN_MAX : (int)length, shown, problem);
        target_drop(&next);
        return 1;
    }
    if (strcmp(one->to.scheme, "https") == 0 && strcmp(next.scheme, "http") == 0) {
        job_fail(context, "insecure_redirect", FAIL_FOR_GOOD,
                 "`%s` redirects to `%s`, where anybody on the way could listen", one->to.shown, next.shown);
        target_drop(&next);
        return 1;
    }
    /* What is for one origin stays there, even if a later redirect leads back to it. */
    if (!target_is_alike(&one->to, &next)) one->is_abroad = 1;
    change_method(one, answer->status);
    target_drop(&one->to);
    one->to = next;
    return 0;
}
