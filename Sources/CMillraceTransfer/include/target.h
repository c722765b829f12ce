/* target.h: where a transfer goes. An address is read once, by libcurl; what is checked and what is connected
 * to are the same thing then. */
#ifndef MILLRACE_TARGET_H
#define MILLRACE_TARGET_H

#include <curl/curl.h>

/* The longest address. */
enum { TARGET_MAX = 8192 };

/* An address of http or https. */
typedef struct target {
    CURLU *url;
    /* `http` or `https`; the host in lower case, without a last dot, an IPv6 address in brackets; the port as
     * a number. */
    char *scheme, *host, *port;
    /* The address without its query, which may hold secrets. */
    char *shown;
} target;

/* Reads an address; what is relative begins at `from`, if that is not NULL. Returns NULL, or what is wrong
 * with it; it is to be dropped either way. */
const char *target_read(target *one, const char *text, const target *from);

/* Gives back what an address holds. */
void target_drop(target *one);

/* Whether both are one origin: scheme, host and port. */
int target_is_alike(const target *one, const target *other);

/* What is wrong with a rule for hosts; NULL if nothing is. */
const char *target_rule_problem(const char *rule);

/* Whether a rule fits: `example.org`, `*.example.org` for every name below it, `example.org:8443` for one
 * port only. */
int target_fits(const target *one, const char *rule);

#endif
