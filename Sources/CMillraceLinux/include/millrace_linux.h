/* millrace_linux.h: the system calls that Swift can't make.
 *
 * Each function does one thing and returns a negative errno on failure; Swift owns the policy. Every
 * descriptor that is made here closes on exec. A call that a signal interrupts is made again, but for
 * `millrace_epoll_wait`.
 *
 * Why C at all: clone3, capset, close_range, memfd seals and pidfds have no Swift overlay; prctl, openat
 * and fcntl are variadic; CMSG_* are macros; signal sets and waitid's record are unions; and the host is
 * Embedded Swift, which has no Glibc module (see millrace_libc.h).
 */
#ifndef MILLRACE_LINUX_H
#define MILLRACE_LINUX_H

#include <stddef.h>
#include <stdint.h>

/* ---- processes (process.c) ---- */

/* Forks by clone3(2). Returns the child's pid in the parent and 0 in the child. `cgroup` is a descriptor of
 * the cgroup directory that the child is born in, or -1 for the caller's own; `*pidfd` gets a descriptor of
 * the child. The caller must have one thread: no pthread_atfork handler runs. */
int32_t millrace_fork(int32_t cgroup, int32_t *pidfd);

/* Forks by clone3(2) a sibling: the caller's parent becomes the child's, and reaps it (CLONE_PARENT). Returns
 * as `millrace_fork`, and the same holds. */
int32_t millrace_fork_sibling(int32_t cgroup);

/* A program to start: `descriptors[i]` becomes descriptor i of it, everything else is closed. */
typedef struct millrace_program {
    const char *path;
    char *const *arguments;   /* ends with NULL */
    char *const *environment; /* ends with NULL */
    const int32_t *descriptors;
    int32_t descriptor_count; /* at most 16 */
    int32_t cgroup;           /* as for `millrace_fork` */
} millrace_program;

/* Starts a program with the semantics of vfork: the calling thread waits until the program is loaded and
 * the cost does not grow with the caller's memory. Safe in a process with threads. All signals are at their
 * defaults and none is blocked in the program. Returns its pid, or what failed, the loading included. */
int32_t millrace_spawn(const millrace_program *program, int32_t *pidfd);

/* Replaces the process by `path` (execve). Returns only on failure. */
int32_t millrace_execute(const char *path, char *const *arguments, char *const *environment);

/* Makes this process the leader of a process group of its own. */
int32_t millrace_lead_group(void);

/* Names this process in /proc/PID/comm; 15 bytes count. */
int32_t millrace_set_name(const char *name);

/* Flushes all of stdio's streams, without waiting for one that another thread holds. */
void millrace_flush_streams(void);

/* Writes out what all of stdio's streams hold; they stay open. For a process with one thread. */
void millrace_write_streams(void);

/* Gives the kernel back what is free of the memory that malloc(3) holds. */
void millrace_trim_heap(void);

/* The environment of this process; ends with NULL. */
char **millrace_environment(void);

/* Makes `environment` (ends with NULL, stays where it is) the environment of this process. */
void millrace_set_environment(char **environment);

/* How a process ended: `code` is CLD_EXITED, CLD_KILLED or CLD_DUMPED, `status` the exit code or signal,
 * `time_us` when that was seen, in microseconds since 1970-01-01 UTC. */
typedef struct millrace_ending {
    int64_t time_us;
    int32_t pid;
    int32_t code;
    int32_t status;
} millrace_ending;

/* Reaps the child behind `pidfd`, and waits for its end if `wait` is not 0. Returns 1 and fills `*ending`,
 * or 0 if it still runs. */
int32_t millrace_wait_pidfd(int32_t pidfd, int32_t wait, millrace_ending *ending);

/* Tells of a child that has ended, and leaves it to be reaped. Returns 1 and fills `*ending`, 0 if none has,
 * -ECHILD if there is none. */
int32_t millrace_peek(millrace_ending *ending);

/* Reaps a child that has ended; its number may then be another's. Returns 0. */
int32_t millrace_reap_child(int32_t pid);

/* Whether the process behind `pidfd` is a child of this one that was not reaped: 1 or 0. */
int32_t millrace_is_child(int32_t pidfd);

/* The number of the cgroup that the process behind `pidfd` is in: the inode number of its directory
 * (PIDFD_GET_INFO, Linux 6.13; an older kernel says -ENOTTY). */
int32_t millrace_pidfd_cgroup(int32_t pidfd, uint64_t *cgroup);

/* Returns a descriptor of a process (pidfd_open). */
int32_t millrace_pidfd_open(int32_t pid);

/* Sends a signal to the process behind `pidfd`; -ESRCH if it has ended and was reaped. */
int32_t millrace_pidfd_send_signal(int32_t pidfd, int32_t signal);

/* How the process behind `pidfd` ended, whoever its parent is (PIDFD_GET_INFO, Linux 6.15). Returns 1 and
 * fills `*ending`; 0 if it runs, or its parent has not reaped it; a negative errno if the kernel can't
 * tell. */
int32_t millrace_pidfd_ending(int32_t pidfd, millrace_ending *ending);

/* ---- sockets (socket.c) ---- */

/* Most descriptors that one packet carries here. */
#define MILLRACE_PACKET_DESCRIPTORS 16

/* Makes a pair of connected SOCK_SEQPACKET sockets. */
int32_t millrace_socketpair(int32_t pair[2]);

/* Returns a SOCK_SEQPACKET socket that listens at `path`; -ENAMETOOLONG beyond 107 bytes, -EADDRINUSE if
 * the path exists. */
int32_t millrace_listen(const char *path, int32_t backlog);

/* Returns a SOCK_SEQPACKET socket that is connected to `path`. */
int32_t millrace_connect(const char *path);

/* Accepts a connection; it does not block (SOCK_NONBLOCK) if `nonblocking` is not 0. */
int32_t millrace_accept(int32_t listener, int32_t nonblocking);

/* Sends one packet with `count` descriptors (they stay open here). `flags` as for send(2); no SIGPIPE is
 * raised. Returns the bytes sent. */
int64_t millrace_send(int32_t socket, const void *bytes, size_t length, const int32_t *descriptors,
                      int32_t count, int32_t flags);

/* The same of a packet in two parts. */
int64_t millrace_send_parts(int32_t socket, const void *head, size_t head_length, const void *tail,
                            size_t tail_length, const int32_t *descriptors, int32_t count, int32_t flags);

/* Receives one packet. `*count` says how many descriptors there is room for, and then how many came: -1 if
 * some were lost, for lack of room or because the descriptor table is full (those that came are closed).
 * Returns the packet's true length, which is more than `capacity` if it was cut; 0 at the end. */
int64_t millrace_receive(int32_t socket, void *bytes, size_t capacity, int32_t *descriptors,
                         int32_t *count, int32_t flags);

/* Returns a TCP socket that is connected to a host, by its name or address, and a port; it does not block.
 * Each of the host's addresses is tried for `timeout_ms`; -EHOSTUNREACH also if the name is not known. */
int32_t millrace_connect_tcp(const char *host, const char *port, int32_t timeout_ms);

/* Returns a TCP socket that listens at a host's address, NULL for all, and a port, "0" for any. */
int32_t millrace_listen_tcp(const char *host, const char *port, int32_t backlog);

/* Has a TCP socket send at once, and notice within a minute that the other end is gone. */
int32_t millrace_set_lively(int32_t socket);

/* The port of a TCP socket's own end. */
int32_t millrace_tcp_port(int32_t socket);

/* ---- descriptors (descriptor.c) ---- */

/* Returns errno, which is a macro, after a call of libc itself failed. */
int32_t millrace_error(void);

/* Opens a file; `directory` is AT_FDCWD or a directory's descriptor. */
int32_t millrace_open(int32_t directory, const char *path, int32_t flags, uint32_t mode);

/* Makes a pipe: the end to read from, then the one to write to. */
int32_t millrace_pipe(int32_t ends[2]);

/* Makes a pipe of packets (O_DIRECT), of which neither end blocks. Dearer is a pair of sockets: one that is
 * sent on by another socket has the kernel look for circles of such (unix_gc) whenever one is closed. */
int32_t millrace_packet_pipe(int32_t ends[2]);

/* Writes a packet of at most PIPE_BUF bytes; no SIGPIPE is raised. -EAGAIN: there is no room. */
int32_t millrace_write_packet(int32_t pipe, const void *bytes, size_t length);

/* Makes a file that lives in memory and may be sealed; `name` only shows up in /proc. */
int32_t millrace_memfd_create(const char *name);

/* Seals a memory file for good: nobody can write, grow or shrink it, or take the seals away. */
int32_t millrace_memfd_seal(int32_t memfd);

/* Stores the names of a file's extended attributes, each with its zero byte; returns their length: -ERANGE if
 * there is no room, -EOPNOTSUPP if the file system has none. */
int64_t millrace_list_attributes(int32_t descriptor, char *names, size_t size);

/* Returns 1 if a directory that was just opened is empty, 0 if it is not, or a negative errno. */
int32_t millrace_is_empty(int32_t directory);

/* Returns 1 if anybody has the file open for writing, 0 if nobody has, or why that can't be told:
 * -EINVAL where the file system has no leases, -EACCES for another user's file (fcntl(2), F_SETLEASE). */
int32_t millrace_has_writer(int32_t descriptor);

/* Closes descriptors `first` to `last`, both included. */
int32_t millrace_close_range(uint32_t first, uint32_t last);

/* Makes `target` a copy of `descriptor` (dup3); it closes on exec if `close_on_exec` is not 0. */
int32_t millrace_duplicate(int32_t descriptor, int32_t target, int32_t close_on_exec);

/* Sets or clears O_NONBLOCK. */
int32_t millrace_set_nonblocking(int32_t descriptor, int32_t on);

/* Maps `length` bytes of a file: shared and writable, or private and read-only. `*address` gets the place. */
int32_t millrace_map(int32_t descriptor, size_t length, int32_t writable, void **address);

/* Maps `length` zero bytes that are shared with the children forked later. */
int32_t millrace_map_shared(size_t length, void **address);

/* Writes a number into memory that is shared with other processes, whole, and after all that was written
 * before: Embedded Swift has no atomics for memory that is not its own. */
void millrace_publish(uint64_t *place, uint64_t number);

/* Returns a descriptor that counts wake-ups; it does not block. */
int32_t millrace_eventfd(void);

/* Adds one to an eventfd's counter: whoever waits for it wakes up. Async-signal-safe. */
int32_t millrace_eventfd_signal(int32_t eventfd);

/* Sets an eventfd's counter back to 0; fine if it is already. */
int32_t millrace_eventfd_drain(int32_t eventfd);

/* What `millrace_epoll_wait` reports: `tag` as it was given, `events` as in epoll_ctl(2). Swift can't use
 * struct epoll_event: it is packed. */
typedef struct millrace_ready {
    uint64_t tag;
    uint32_t events;
    uint32_t reserved;
} millrace_ready;

int32_t millrace_epoll_create(void);

/* Watches a descriptor (level-triggered unless `events` says EPOLLET). */
int32_t millrace_epoll_add(int32_t epoll, int32_t descriptor, uint64_t tag, uint32_t events);
int32_t millrace_epoll_modify(int32_t epoll, int32_t descriptor, uint64_t tag, uint32_t events);
int32_t millrace_epoll_remove(int32_t epoll, int32_t descriptor);

/* Waits at most `timeout_ms` (-1: for ever) and returns how many of `ready` are filled; `capacity` at most
 * 64. -EINTR if a signal came. */
int32_t millrace_epoll_wait(int32_t epoll, millrace_ready *ready, int32_t capacity, int32_t timeout_ms);

/* Whether a file has an extended attribute: 1 or 0 (getxattr is not in Swift's Glibc module). */
int32_t millrace_has_attribute(const char *path, const char *name);

/* ---- signals (signal.c) ---- */

/* Puts every signal back to its default action. */
void millrace_reset_signals(void);

/* Returns a signal's name without "SIG", or NULL if it has none. */
const char *millrace_signal_name(int32_t signal);

/* Blocks every signal of the calling thread, or none. */
int32_t millrace_block_signals(int32_t all);

/* Returns a non-blocking descriptor that reads SIGCHLD, SIGTERM, SIGINT and SIGHUP. */
int32_t millrace_signal_descriptor(void);

/* Returns a non-blocking descriptor that reads the signals that are listed; they must be blocked. */
int32_t millrace_signal_descriptor_for(const int32_t *signals, int32_t count);

/* Reads one signal's number; 0 if none is waiting. */
int32_t millrace_signal_read(int32_t descriptor);

/* Makes SIGTERM set a flag, and `*note` to 1, instead of ending the process. Blocking calls return EINTR
 * then. */
int32_t millrace_watch_termination(int32_t *note);

/* Whether SIGTERM has come since: 1 or 0. */
int32_t millrace_terminated(void);

/* ---- what a process may do (privilege.c) ---- */

/* No exec of this process or its children can give them rights. Irrevocable, inherited. */
int32_t millrace_set_no_new_privileges(void);

/* Orphaned descendants become children of this process. */
int32_t millrace_set_subreaper(void);

/* The process gets `signal` when its parent thread ends; a change of ids clears that. */
int32_t millrace_set_parent_death_signal(int32_t signal);

/* Nobody but root can trace this process or read its memory; an exec takes that back. */
int32_t millrace_set_undumpable(void);

/* Empties the capability bounding set; needs CAP_SETPCAP. Inherited. */
int32_t millrace_drop_bounding_set(void);

/* Empties the ambient set. Inherited. */
int32_t millrace_drop_ambient_set(void);

/* Locks the secure bits so that uid 0 stands for nothing at an exec and no ambient capability can be
 * raised; needs CAP_SETPCAP. Inherited. */
int32_t millrace_lock_secure_bits(void);

/* Empties the effective, permitted and inheritable sets of the calling thread. */
int32_t millrace_drop_capabilities(void);

/* Drops the supplementary groups, then sets all three group and user ids of the calling thread. */
int32_t millrace_set_identity(uint32_t uid, uint32_t gid);

/* Who a warm host is. Its jobs become `uid` and `gid`; until then nobody but the host has the others.
 *
 * To make a process in a cgroup needs the right to write to its `cgroup.procs`, which `gate_gid` may. The uid
 * is only the effective one of the host, which has `host_uid` for the rest: so a job, which is `uid` and no
 * more, can neither move itself, nor signal, trace or read the host. */
typedef struct millrace_gate {
    uint32_t uid;
    uint32_t gid;
    uint32_t host_uid;
    uint32_t gate_gid;
} millrace_gate;

/* Becomes the host (root only): no supplementary groups, gids `gid`, `gate_gid`, `gate_gid` and uids
 * `host_uid`, `uid`, `host_uid` (real, effective, saved). */
int32_t millrace_pass_gate(const millrace_gate *gate);

/* Becomes a job of such a host for good. */
int32_t millrace_leave_gate(uint32_t uid, uint32_t gid);

/* A resource's soft and hard limit; `resource` is an RLIMIT_ number. */
int32_t millrace_get_limit(int32_t resource, uint64_t *soft, uint64_t *hard);
int32_t millrace_set_limit(int32_t resource, uint64_t soft, uint64_t hard);

/* ---- clock (clock.c) ---- */

/* Whether the kernel holds its clock to be synchronised (adjtimex(2)): 1 or 0. */
int32_t millrace_clock_is_synchronised(void);

/* Returns a timer that becomes readable when the clock on the wall is set, and when the machine resumes from
 * sleep (TFD_TIMER_CANCEL_ON_SET); at no other time. timerfd_create(2) is not in Swift's Glibc module. */
int32_t millrace_clock_watch(void);

/* Whether that has happened since the last call: 1 or 0; it does not block. */
int32_t millrace_clock_was_set(int32_t timer);

#endif
