/* millrace_dirent.h: reading directories, for Embedded Swift. Not beside the rest of libc in
 * `millrace_libc.h`: the runner's Swift, which sees that module too, has these from its own. */
#ifndef MILLRACE_DIRENT_H
#define MILLRACE_DIRENT_H

#include <dirent.h>

#endif
