#include "target.h"

#include <string.h>
#include <strings.h>

static char *part(const target *one, CURLUPart which, unsigned flags) {
    char *text = NULL;
    return curl_url_get(one->url, which, &text, flags) == CURLUE_OK ? text : NULL;
}

/* What messages show of an address: it may be longer than a message. */
enum { SHOWN_MAX = 300 };

/* Makes the text that messages show. */
static char *show(const target *one) {
    char *text = NULL;
    CURLU *copy = curl_url_dup(one->url);
    if (copy == NULL) return NULL;
    curl_url_set(copy, CURLUPART_QUERY, NULL, 0);
    curl_url_set(copy, CURLUPART_FRAGMENT, NULL, 0);
    curl_url_get(copy, CURLUPART_URL, &text, 0);
    curl_url_cleanup(copy);
    if (text != NULL && strlen(text) > SHOWN_MAX) {
        size_t end = SHOWN_MAX;
        while ((text[end] & 0xc0) == 0x80) end--; /* Not within a letter. */
        text[end] = 0;
    }
    return text;
}

static void tidy_host(char *host) {
    for (char *letter = host; *letter != 0; letter++) {
        if (*letter >= 'A' && *letter <= 'Z') *letter += 'a' - 'A';
    }
    size_t length = strlen(host);
    if (length > 1 && host[length - 1] == '.') host[length - 1] = 0;
}

const char *target_read(target *one, const char *text, const target *from) {
    memset(one, 0, sizeof *one);
    if (strlen(text) > TARGET_MAX) return "it is longer than 8192 bytes";
    one->url = from != NULL ? curl_url_dup(from->url) : curl_url();
    if (one->url == NULL) return "there is no memory for it";
    /* Servers send spaces and other bytes that should have been encoded. */
    unsigned flags = CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER | (from != NULL ? CURLU_URLENCODE : 0);
    CURLUcode problem = curl_url_set(one->url, CURLUPART_URL, text, flags);
    if (problem == CURLUE_USER_NOT_ALLOWED) return "it has a user or a password, which belong in a header";
    if (problem != CURLUE_OK) return curl_url_strerror(problem);
    one->scheme = part(one, CURLUPART_SCHEME, 0);
    if (one->scheme == NULL) return "it has no scheme";
    if (strcmp(one->scheme, "http") != 0 && strcmp(one->scheme, "https") != 0) {
        return "only http and https are spoken";
    }
    one->host = part(one, CURLUPART_HOST, 0);
    one->port = part(one, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    one->shown = show(one);
    if (one->host == NULL || one->host[0] == 0) return "it has no host";
    if (one->port == NULL || one->shown == NULL) return "there is no memory for it";
    tidy_host(one->host);
    return NULL;
}

void target_drop(target *one) {
    curl_url_cleanup(one->url);
    curl_free(one->scheme);
    curl_free(one->host);
    curl_free(one->port);
    curl_free(one->shown);
    memset(one, 0, sizeof *one);
}

int target_is_alike(const target *one, const target *other) {
    return strcmp(one->scheme, other->scheme) == 0 && strcmp(one->host, other->host) == 0 &&
           strcmp(one->port, other->port) == 0;
}

/* Returns where the port of a rule begins; its end if it has none. */
static const char *port_of(const char *rule) {
    const char *colon = strrchr(rule, ':'), *bracket = strrchr(rule, ']');
    return colon != NULL && (bracket == NULL || colon > bracket) ? colon : rule + strlen(rule);
}

const char *target_rule_problem(const char *rule) {
    const char *host = strncmp(rule, "*.", 2) == 0 ? rule + 2 : rule, *port = port_of(rule);
    if (port <= host) return "it names no host";
    if (strchr(rule, '/') != NULL) return "it is an address; a host is wanted, such as `example.org`";
    if (memchr(host, '*', (size_t)(port - host)) != NULL) return "`*.` may only be at its beginning";
    if (host[0] != '[' && memchr(host, ':', (size_t)(port - host)) != NULL) {
        return "an IPv6 address must be in brackets";
    }
    if (*port == ':' && (port[1] == 0 || port[1 + strspn(port + 1, "0123456789")] != 0)) {
        return "its port is no number";
    }
    return NULL;
}

int target_fits(const target *one, const char *rule) {
    const char *port = port_of(rule);
    if (*port == ':' && strcmp(port + 1, one->port) != 0) return 0;
    size_t length = (size_t)(port - rule), host = strlen(one->host);
    if (length > 1 && port[-1] == '.') length--;
    if (rule[0] != '*') return host == length && strncasecmp(one->host, rule, length) == 0;
    /* What follows the star begins with its dot. */
    return host > length - 1 && strncasecmp(one->host + host - (length - 1), rule + 1, length - 1) == 0;
}
