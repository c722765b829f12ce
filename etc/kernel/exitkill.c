/* Loaded into user-mode Linux: makes the processes of the guest die with their kernel.

   They are processes of the host, whose system calls the kernel intercepts by ptrace. A kernel that is killed
   (by a signal, or by the host when memory is short) lets go of them, and they go on as ordinary processes of
   the host, with the rights of whoever started the kernel: seen with Debian's 6.1, which asks for no
   PTRACE_O_EXITKILL. Here every request for options gets it; a process inherits it from its parent. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/ptrace.h>
#include <sys/types.h>

/* The old number of PTRACE_SETOPTIONS on x86, which user-mode Linux uses, too. */
static const int old_set_options = 21;

long ptrace(enum __ptrace_request request, ...) {
  static long (*next)(enum __ptrace_request, pid_t, void *, void *);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, "ptrace");

  va_list arguments;
  va_start(arguments, request);
  pid_t process = va_arg(arguments, pid_t);
  void *address = va_arg(arguments, void *);
  void *data = va_arg(arguments, void *);
  va_end(arguments);

  if (request == PTRACE_SETOPTIONS || (int)request == old_set_options)
    data = (void *)((unsigned long)data | PTRACE_O_EXITKILL);
  return next(request, process, address, data);
}
