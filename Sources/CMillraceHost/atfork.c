/* Fork handlers. Swift can't do it: the symbol must be there before any Swift code runs, for the
 * constructors of libraries. */
#include "millrace_atfork.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

typedef void (*handler)(void);
typedef int (*registration)(handler, handler, handler, void *);

#define CAPACITY 128

static struct {
    handler prepare, parent, child;
} handlers[CAPACITY];
static int count;
static int is_full;

int __register_atfork(handler prepare, handler parent, handler child, void *library);

__attribute__((visibility("default"))) int __register_atfork(handler prepare, handler parent, handler child,
                                                             void *library) {
    static registration next;
    if (next == NULL) next = (registration)dlsym(RTLD_NEXT, "__register_atfork");
    if (next == NULL) return ENOSYS;
    if (count < CAPACITY) {
        handlers[count].prepare = prepare;
        handlers[count].parent = parent;
        handlers[count].child = child;
        count++;
    } else {
        is_full = 1;
    }
    return next(prepare, parent, child, library);
}

int32_t millrace_atfork_is_full(void) { return is_full; }

/* A library that was unloaded took its handlers with it, and nobody tells. */
static void run(handler handler) {
    Dl_info place;
    if (handler != NULL && dladdr((void *)handler, &place) != 0) handler();
}

void millrace_atfork_prepare(void) {
    for (int index = count - 1; index >= 0; index--) run(handlers[index].prepare);
}

void millrace_atfork_parent(void) {
    for (int index = 0; index < count; index++) run(handlers[index].parent);
}

void millrace_atfork_child(void) {
    for (int index = 0; index < count; index++) run(handlers[index].child);
}
