/* Descriptors: files, memory files, events. Swift can't do it: openat and fcntl are variadic, close_range
 * and the seals have no overlay, struct epoll_event is packed. */
#include "millrace_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* As getdents64(2) has it, with the longest name that there may be. */
struct linux_dirent64 {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[NAME_MAX + 1];
};

int32_t millrace_error(void) { return errno; }

int32_t millrace_open(int32_t directory, const char *path, int32_t flags, uint32_t mode) {
    int result;
    do result = openat(directory, path, flags | O_CLOEXEC, mode);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

int32_t millrace_memfd_create(const char *name) {
    int result = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return result < 0 ? -errno : result;
}

int32_t millrace_memfd_seal(int32_t memfd) {
    const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    return fcntl(memfd, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

int32_t millrace_has_writer(int32_t descriptor) {
    /* If somebody opens it meanwhile, we get a signal that nobody minds, not SIGIO, which kills. */
    if (fcntl(descriptor, F_SETSIG, SIGURG) < 0) return -errno;
    if (fcntl(descriptor, F_SETLEASE, F_RDLCK) < 0) return errno == EAGAIN ? 1 : -errno;
    return fcntl(descriptor, F_SETLEASE, F_UNLCK) < 0 ? -errno : 0;
}

int32_t millrace_close_range(uint32_t first, uint32_t last) {
    return syscall(SYS_close_range, first, last, 0) < 0 ? -errno : 0;
}

int32_t millrace_duplicate(int32_t descriptor, int32_t target, int32_t close_on_exec) {
    int result = dup3(descriptor, target, close_on_exec ? O_CLOEXEC : 0);
    return result < 0 ? -errno : result;
}

int64_t millrace_list_attributes(int32_t descriptor, char *names, size_t size) {
    ssize_t length = flistxattr(descriptor, names, size);
    return length < 0 ? -errno : length;
}

int32_t millrace_is_empty(int32_t directory) {
    _Alignas(struct linux_dirent64) char entries[3 * sizeof(struct linux_dirent64)];
    long length;
    while ((length = syscall(SYS_getdents64, directory, entries, sizeof entries)) > 0) {
        for (long place = 0; place < length;) {
            const struct linux_dirent64 *entry = (const struct linux_dirent64 *)(entries + place);
            if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0) return 0;
            place += entry->length;
        }
    }
    return length < 0 ? -errno : 1;
}

int32_t millrace_set_nonblocking(int32_t descriptor, int32_t on) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0) return -errno;
    flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    return fcntl(descriptor, F_SETFL, flags) < 0 ? -errno : 0;
}

static int32_t map(int descriptor, size_t length, int protection, int flags, void **address) {
    void *place = mmap(NULL, length, protection, flags, descriptor, 0);
    if (place == MAP_FAILED) return -errno;
    *address = place;
    return 0;
}

int32_t millrace_map(int32_t descriptor, size_t length, int32_t writable, void **address) {
    return writable ? map(descriptor, length, PROT_READ | PROT_WRITE, MAP_SHARED, address)
                    : map(descriptor, length, PROT_READ, MAP_PRIVATE, address);
}

int32_t millrace_map_shared(size_t length, void **address) {
    return map(-1, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, address);
}

void millrace_publish(uint64_t *place, uint64_t number) {
    __atomic_store_n(place, number, __ATOMIC_RELEASE);
}

int32_t millrace_eventfd(void) {
    int result = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return result < 0 ? -errno : result;
}

int32_t millrace_eventfd_signal(int32_t eventfd) {
    const uint64_t one = 1;
    return write(eventfd, &one, sizeof one) < 0 ? -errno : 0;
}

int32_t millrace_eventfd_drain(int32_t eventfd) {
    uint64_t count;
    return read(eventfd, &count, sizeof count) < 0 && errno != EAGAIN ? -errno : 0;
}

int32_t millrace_epoll_create(void) {
    int result = epoll_create1(EPOLL_CLOEXEC);
    return result < 0 ? -errno : result;
}

static int32_t control(int32_t epoll, int operation, int32_t descriptor, uint64_t tag, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u64 = tag};
    return epoll_ctl(epoll, operation, descriptor, &event) < 0 ? -errno : 0;
}

int32_t millrace_epoll_add(int32_t epoll, int32_t descriptor, uint64_t tag, uint32_t events) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, tag, events);
}

int32_t millrace_epoll_modify(int32_t epoll, int32_t descriptor, uint64_t tag, uint32_t events) {
    return control(epoll, EPOLL_CTL_MOD, descriptor, tag, events);
}

int32_t millrace_epoll_remove(int32_t epoll, int32_t descriptor) {
    return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0);
}

int32_t millrace_epoll_wait(int32_t epoll, millrace_ready *ready, int32_t capacity, int32_t timeout_ms) {
    struct epoll_event events[64];
    int count = epoll_wait(epoll, events, capacity < 64 ? capacity : 64, timeout_ms);
    if (count < 0) return -errno;
    for (int i = 0; i < count; i++) {
        ready[i] = (millrace_ready){.tag = events[i].data.u64, .events = events[i].events};
    }
    return count;
}

int32_t millrace_has_attribute(const char *path, const char *name) {
    return getxattr(path, name, NULL, 0) >= 0;
}

int32_t millrace_pipe(int32_t ends[2]) {
    return pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0;
}

int32_t millrace_packet_pipe(int32_t ends[2]) {
    return pipe2(ends, O_CLOEXEC | O_DIRECT | O_NONBLOCK) < 0 ? -errno : 0;
}

int32_t millrace_write_packet(int32_t pipe, const void *bytes, size_t length) {
    /* The signal of a pipe that nobody reads: taken back here, unless one was waiting before. */
    sigset_t broken, before, waiting;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken, &before);
    sigpending(&waiting);
    const int error = write(pipe, bytes, length) < 0 ? errno : 0;
    if (error == EPIPE && !sigismember(&waiting, SIGPIPE)) {
        const struct timespec now = {0};
        sigtimedwait(&broken, NULL, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}
