/* millrace_linux.h: the system calls that Swift can't make.
 *
 * Each function does one thing and returns a negative errno on failure; Swift owns the policy. Those that
 * a child may call between clone and exec are async-signal-safe.
 */
#ifndef MILLRACE_LINUX_H
#define MILLRACE_LINUX_H

#include <stdint.h>

#endif
