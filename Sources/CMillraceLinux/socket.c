/* Sockets: of packets that carry descriptors, and TCP. Swift can't do it: CMSG_* are macros over flexible
 * arrays, and the addresses of sockets are read through casts. */
#include "millrace_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int32_t millrace_socketpair(int32_t pair[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;
}

static int32_t path_socket(const char *path, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address->sun_path) return -ENAMETOOLONG;
    strcpy(address->sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    return descriptor < 0 ? -errno : descriptor;
}

static int32_t close_with(int32_t descriptor, int32_t error) {
    close(descriptor);
    return -error;
}

int32_t millrace_listen(const char *path, int32_t backlog) {
    struct sockaddr_un address;
    int32_t descriptor = path_socket(path, &address);
    if (descriptor < 0) return descriptor;
    int result = bind(descriptor, (struct sockaddr *)&address, sizeof address);
    if (result == 0) result = listen(descriptor, backlog);
    if (result < 0) return close_with(descriptor, errno);
    return descriptor;
}

int32_t millrace_connect(const char *path) {
    struct sockaddr_un address;
    int32_t descriptor = path_socket(path, &address);
    if (descriptor < 0) return descriptor;
    int result;
    do result = connect(descriptor, (struct sockaddr *)&address, sizeof address);
    while (result < 0 && errno == EINTR);
    return result < 0 ? close_with(descriptor, errno) : descriptor;
}

int32_t millrace_accept(int32_t listener, int32_t nonblocking) {
    int result;
    do result = accept4(listener, NULL, NULL, SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0));
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

/* Room for the descriptors of one packet. */
union control {
    char bytes[CMSG_SPACE(sizeof(int) * MILLRACE_PACKET_DESCRIPTORS)];
    struct cmsghdr alignment;
};

int64_t millrace_send(int32_t socket, const void *bytes, size_t length, const int32_t *descriptors,
                      int32_t count, int32_t flags) {
    return millrace_send_parts(socket, bytes, length, NULL, 0, descriptors, count, flags);
}

int64_t millrace_send_parts(int32_t socket, const void *head, size_t head_length, const void *tail,
                            size_t tail_length, const int32_t *descriptors, int32_t count, int32_t flags) {
    if (count < 0 || count > MILLRACE_PACKET_DESCRIPTORS) return -EINVAL;
    struct iovec parts[] = {{(void *)head, head_length}, {(void *)tail, tail_length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = tail_length > 0 ? 2 : 1};
    union control control;
    if (count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
        memcpy(CMSG_DATA(header), descriptors, sizeof(int) * (size_t)count);
    }
    ssize_t result;
    do result = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

/* Copies the descriptors of a packet out of its control bytes; -1 if some were lost. */
static int32_t take_descriptors(struct msghdr *message, int32_t *descriptors, int32_t room) {
    int32_t taken = 0;
    int lost = (message->msg_flags & MSG_CTRUNC) != 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t came = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < came; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
            if (taken < room) {
                descriptors[taken++] = descriptor;
            } else {
                close(descriptor);
                lost = 1;
            }
        }
    }
    if (!lost) return taken;
    while (taken > 0) close(descriptors[--taken]);
    return -1;
}

int64_t millrace_receive(int32_t socket, void *bytes, size_t capacity, int32_t *descriptors,
                         int32_t *count, int32_t flags) {
    struct iovec part = {bytes, capacity};
    union control control;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t result;
    do result = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC | MSG_TRUNC);
    while (result < 0 && errno == EINTR);
    if (result < 0) {
        *count = 0;
        return -errno;
    }
    *count = take_descriptors(&message, descriptors, *count);
    return result;
}

/* Connects to one address, at most for so long. */
static int32_t connect_to(const struct addrinfo *address, int32_t timeout_ms) {
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -errno;
    if (connect(descriptor, address->ai_addr, address->ai_addrlen) == 0) return descriptor;
    if (errno != EINPROGRESS) return close_with(descriptor, errno);
    struct pollfd waited = {.fd = descriptor, .events = POLLOUT};
    int ready;
    do ready = poll(&waited, 1, timeout_ms);
    while (ready < 0 && errno == EINTR);
    if (ready <= 0) return close_with(descriptor, ready < 0 ? errno : ETIMEDOUT);
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) < 0) error = errno;
    return error ? close_with(descriptor, error) : descriptor;
}

int32_t millrace_connect_tcp(const char *host, const char *port, int32_t timeout_ms) {
    const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, port, &wanted, &found) != 0) return -EHOSTUNREACH;
    int32_t result = -EHOSTUNREACH;
    for (struct addrinfo *address = found; address && result < 0; address = address->ai_next) {
        result = connect_to(address, timeout_ms);
    }
    freeaddrinfo(found);
    if (result < 0) return result;
    millrace_set_lively(result);
    return result;
}

int32_t millrace_set_lively(int32_t socket) {
    const int on = 1, idle = 30, interval = 10, count = 3;
    if (setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0 ||
        setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle) < 0 ||
        setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval) < 0 ||
        setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count) < 0) {
        return -errno;
    }
    return 0;
}

int32_t millrace_listen_tcp(const char *host, const char *port, int32_t backlog) {
    const struct addrinfo wanted = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    const int on = 1;
    if (getaddrinfo(host, port, &wanted, &found) != 0) return -EADDRNOTAVAIL;
    int descriptor = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = descriptor < 0 ? errno : 0;
    if (!error && (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
                   bind(descriptor, found->ai_addr, found->ai_addrlen) < 0 ||
                   listen(descriptor, backlog) < 0)) {
        error = errno;
    }
    freeaddrinfo(found);
    if (!error) return descriptor;
    if (descriptor >= 0) close(descriptor);
    return -error;
}

int32_t millrace_tcp_port(int32_t socket) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(socket, (struct sockaddr *)&address, &size) < 0) return -errno;
    if (address.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return -EAFNOSUPPORT;
}
