/* millrace_atfork.h: the fork handlers of libraries, run around a fork that libc knows nothing of.
 *
 * clone3 skips what pthread_atfork(3) has registered: a library that makes its random numbers anew in a
 * child, or frees its locks there, would not. So the program exports `__register_atfork`, which every
 * pthread_atfork calls; each handler is kept here and handed on to libc, for forks that the jobs make.
 */
#ifndef MILLRACE_ATFORK_H
#define MILLRACE_ATFORK_H

#include <stdint.h>

/* Whether more handlers were registered than there is room for (128): 1 or 0. */
int32_t millrace_atfork_is_full(void);

/* Runs the handlers for before the fork, the last one first. */
void millrace_atfork_prepare(void);

/* Runs the handlers for after the fork, in their order: in the parent, or in the child. */
void millrace_atfork_parent(void);
void millrace_atfork_child(void);

#endif
