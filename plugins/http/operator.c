#include "operator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = ", \t\n";

/* A host's name has 253 letters at most. */
enum { RULE_MAX = 300 };

verdict operator_says(const target *to, char problem[400]) {
    const char *rest = getenv(OPERATOR_RULES);
    verdict found = OPERATOR_FORBIDS;
    if (rest == NULL) return OPERATOR_ALLOWS;
    if (rest[strspn(rest, blanks)] == 0) {
        snprintf(problem, 400, "it names no host");
        return OPERATOR_UNCLEAR;
    }
    /* All are read, even behind one that fits: a list with a mistake is none. */
    while (*(rest += strspn(rest, blanks)) != 0) {
        char rule[RULE_MAX];
        size_t length = strcspn(rest, blanks);
        snprintf(rule, sizeof rule, "%.*s", (int)(length < RULE_MAX ? length : RULE_MAX - 1), rest);
        const char *words = length < RULE_MAX ? target_rule_problem(rule) : "it is too long";
        if (words != NULL) {
            snprintf(problem, 400, "it has `%.80s`: %s", rule, words);
            return OPERATOR_UNCLEAR;
        }
        if (target_fits(to, rule)) found = OPERATOR_ALLOWS;
        rest += length;
    }
    return found;
}
