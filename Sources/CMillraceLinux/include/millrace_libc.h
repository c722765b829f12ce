/* millrace_libc.h: the parts of libc that Embedded Swift can use as they are; it has no Glibc module.
 * Only `millrace-host` imports this. */
#ifndef MILLRACE_LIBC_H
#define MILLRACE_LIBC_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#endif
