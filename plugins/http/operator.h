/* operator.h: the hosts that the operator lets jobs ask, whatever the jobs say. */
#ifndef HTTP_OPERATOR_H
#define HTTP_OPERATOR_H

#include "target.h"

/* The variable with the rules, for the plugin's sidecar: `api.example.org, *.example.net`. */
#define OPERATOR_RULES "HTTP_ALLOW"

/* What the operator's rules say of a host. */
typedef enum verdict { OPERATOR_ALLOWS, OPERATOR_FORBIDS, OPERATOR_UNCLEAR } verdict;

/* Asks the rules; without any, each host is allowed. If one can't be read or there is none in the list, none
 * is allowed, and `problem` says why. */
verdict operator_says(const target *to, char problem[400]);

#endif
