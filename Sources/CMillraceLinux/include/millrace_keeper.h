/* millrace_keeper.h: what crosses between the runner, the keeper, warm hosts and a job's process.
 *
 * Runner and keeper are the same build on the same machine: structs cross as they lie in memory. The
 * keeper listens on a SOCK_SEQPACKET socket that the runner made; one runner at a time is connected.
 * Each packet begins with its `type`. After connecting, the runner gets HELLO, then one KEPT for each
 * attempt that the keeper still knows, live or ended: so a new runner finds what the old one left.
 *
 * A warm host has a plugin loaded and warmed up, and forks jobs with all of that. It is the keeper's
 * child, and so are the jobs (CLONE_PARENT). It listens to the keeper only, on a SOCK_SEQPACKET pair, and
 * ends with that; when the runner goes, its hosts go.
 */
#ifndef MILLRACE_KEEPER_H
#define MILLRACE_KEEPER_H

#include <stdint.h>

#define MILLRACE_KEEPER_PROTOCOL 6
/* The longest packet, in bytes. */
#define MILLRACE_PACKET_SIZE 2048
#define MILLRACE_PATH_SIZE 512
#define MILLRACE_NAME_SIZE 72

enum {
    MILLRACE_KEEPER_HELLO = 1,   /* keeper to runner */
    MILLRACE_KEEPER_KEPT = 2,    /* keeper to runner, after HELLO; descriptors: outcome, log, channel,
                                  * pidfd */
    MILLRACE_KEEPER_START = 3,   /* runner to keeper; descriptors: see millrace_keeper_start */
    MILLRACE_KEEPER_STARTED = 4, /* keeper to runner; descriptor: pidfd, if error is 0 */
    MILLRACE_KEEPER_EXITED = 5,  /* keeper to runner: the main process ended */
    MILLRACE_KEEPER_FORGET = 6,  /* runner to keeper: their ends are on record, drop what you keep of them */
    MILLRACE_KEEPER_QUIT = 7,    /* runner to keeper: end as soon as no child and no record is left */
    MILLRACE_KEEPER_HOLD = 8,    /* runner to keeper: keep what another keeper started; descriptors as KEPT */
    MILLRACE_KEEPER_LIST = 9,    /* runner to keeper: which attempts do you keep? */
    MILLRACE_KEEPER_LISTED = 10, /* keeper to runner: the answer, a page of it */
    MILLRACE_KEEPER_HOST = 11,   /* runner to keeper: make a warm host; see millrace_keeper_host */
    MILLRACE_KEEPER_PREPARE = 12, /* runner to keeper to host: see millrace_keeper_prepare */
    MILLRACE_KEEPER_CLOSE = 13,  /* runner to keeper: end a warm host */
    MILLRACE_KEEPER_READY = 14,  /* host to keeper to runner: it is warm, or can't be */
    MILLRACE_KEEPER_PREPARED = 15, /* host to keeper to runner: so far for a key, or can't be */
    MILLRACE_KEEPER_GONE = 16,   /* keeper to runner: a warm host has ended */
    MILLRACE_KEEPER_FORKED = 17  /* host to keeper: the answer to a START */
};

/* How a job's process comes to its plugin. */
enum {
    MILLRACE_TIER_TEMPLATE = 1, /* fork of the keeper, then dlopen */
    MILLRACE_TIER_COLD = 2,     /* fork, then exec of `millrace-host cold` */
    MILLRACE_TIER_DESCRIBE = 3, /* fork, then dlopen and a manifest as the result; nothing is run */
    MILLRACE_TIER_WARM = 4      /* fork of a warm host */
};

typedef struct millrace_keeper_hello {
    uint32_t type;
    uint32_t protocol;
    int32_t pid;
    uint32_t kept; /* how many KEPT follow */
} millrace_keeper_hello;

typedef struct millrace_keeper_kept {
    uint32_t type;
    int32_t attempt;
    int64_t job;
    int32_t pid;    /* 0 if it is no child of this keeper, which then can't tell its end */
    int32_t exited; /* 1 if the following are valid */
    int32_t code;   /* CLD_EXITED, CLD_KILLED, CLD_DUMPED */
    int32_t status; /* exit code or signal */
    uint32_t tier;  /* how it was started */
    int64_t ended_us; /* when, in microseconds since 1970-01-01 UTC */
} millrace_keeper_kept;

/* What a runner hands to a new keeper when the old one has died: not answered, and passed over if the keeper
 * has the attempt. The pidfd is the process's identity: unlike its number it can't come to stand for another
 * one, and no longer than this boot for any. */
typedef struct millrace_keeper_hold {
    uint32_t type;
    int32_t attempt;
    int64_t job;
    int32_t exited; /* as in KEPT */
    int32_t code;
    int32_t status;
    uint32_t tier;
    int64_t ended_us;
} millrace_keeper_hold;

/* The child enters the leaf, drops to uid and gid (if the keeper is root), loses all capabilities and the
 * way back to them (no_new_privs), and only then meets the plugin.
 * Descriptors, in this order: leaf directory; outcome (memfd, written by the job); log (pipe, job's end);
 * channel (pipe of packets, job's end); log (runner's end) and channel (runner's end), which the keeper only
 * keeps for the next runner; payload (memfd, read), unless it is short and lies behind this in the packet: an
 * exec, as for COLD, would lose it. To a warm host go leaf, outcome, log, channel and payload. */
typedef struct millrace_keeper_start {
    uint32_t type;
    uint32_t tier;
    int64_t job; /* negative for a DESCRIBE */
    int32_t attempt;
    uint32_t uid;
    uint32_t gid;
    uint32_t host; /* which one, for WARM, whose uid, gid and max_open_files are the host's */
    uint64_t max_open_files;
    uint64_t max_result;                        /* bytes; a DESCRIBE has 1 MiB */
    uint64_t payload_length;                    /* of the payload behind this; 0: it has a descriptor */
    char plugin[MILLRACE_PATH_SIZE];            /* the library */
    char work_directory[MILLRACE_PATH_SIZE];    /* owned by uid, becomes the current directory */
} millrace_keeper_start;

/* `error` is an errno, 0 if the process was made: EBADMSG for a packet of the wrong length or with the wrong
 * descriptors, EMFILE if the keeper had no room for them, EINVAL for values that make no sense (a relative
 * path, uid or gid 0), EEXIST for an attempt that is kept, EAGAIN if no more can be kept, ESHUTDOWN after
 * QUIT, ENOTCONN if there is no such warm host or it ended before it had made the process, EBUSY if it has
 * more than one thread, else what clone3 said (ENODEV or ENOENT: the leaf was removed).
 * A process that was made may still not reach its handler: then it exits with 125 and its outcome says
 * why. */
typedef struct millrace_keeper_started {
    uint32_t type;
    int32_t attempt;
    int64_t job;
    int32_t pid;
    int32_t error;
    uint64_t fork_us; /* the processor time that the fork cost a warm host */
    int32_t exited;   /* 1 if it has ended already, as in EXITED, which then does not follow */
    int32_t code;
    int32_t status;
    int32_t reserved;
    int64_t ended_us;
} millrace_keeper_started;

typedef struct millrace_keeper_exited {
    uint32_t type;
    int32_t attempt;
    int64_t job;
    int32_t code;
    int32_t status;
    int64_t ended_us;
} millrace_keeper_exited;

typedef struct millrace_keeper_list {
    uint32_t type;
    uint32_t from; /* how many to skip */
} millrace_keeper_list;

#define MILLRACE_KEEPER_PAGE 64

typedef struct millrace_keeper_forget {
    uint32_t type;
    uint32_t count; /* of `jobs` and `attempts` */
    int64_t jobs[MILLRACE_KEEPER_PAGE];
    int32_t attempts[MILLRACE_KEEPER_PAGE];
} millrace_keeper_forget;

/* What is dropped between two pages may hide another one: the next list will have it. */
typedef struct millrace_keeper_listed {
    uint32_t type;
    uint32_t from;
    uint32_t total;
    uint32_t count; /* of `jobs` and `attempts` */
    int64_t jobs[MILLRACE_KEEPER_PAGE];
    int32_t attempts[MILLRACE_KEEPER_PAGE];
} millrace_keeper_listed;

typedef struct millrace_keeper_quit {
    uint32_t type;
    uint32_t reserved;
} millrace_keeper_quit;

/* The head of a payload. Offsets are from its start; each text there ends with a zero byte;
 * an offset of 0 stands for "not given". The lengths leave the zero byte out. */
typedef struct millrace_payload {
    uint32_t size;
    int32_t attempt;
    int64_t job;
    int64_t deadline_ms;
    uint64_t handler;
    uint64_t trace_parent;
    uint64_t parameters;
    uint64_t parameters_length;
    uint64_t input;
    uint64_t input_length;
    uint64_t max_result; /* as in START, which is the one that counts */
    uint64_t checkpoint;
    uint64_t checkpoint_length;
    uint64_t outputs; /* millrace_payload_output[output_count], at a multiple of 8 */
    uint64_t output_count;
    uint64_t affinity;
    uint64_t environment; /* texts `NAME=value`, each with its zero byte, which counts in the length */
    uint64_t environment_length;
} millrace_payload;

/* The result of a job that this one depends on. */
typedef struct millrace_payload_output {
    int64_t job;
    uint64_t name;
    uint64_t media_type;
    uint64_t bytes;
    uint64_t length;
} millrace_payload_output;

/* A host is made in its cgroup, becomes what `millrace_gate` says (if the keeper is root), loads the plugin,
 * calls its `warm_up` unless that is to be skipped, and says READY. Descriptors: the cgroup's directory, the
 * log (pipe, its end), a payload (memfd) of which its environment counts. Not answered but by READY and
 * GONE. */
typedef struct millrace_keeper_host {
    uint32_t type;
    uint32_t host; /* a number that the runner uses once */
    uint32_t uid;  /* of the jobs */
    uint32_t gid;
    uint32_t host_uid;
    uint32_t gate_gid;
    uint64_t max_open_files;
    uint32_t skip_warm_up;
    uint32_t reserved;
    char plugin[MILLRACE_PATH_SIZE];
} millrace_keeper_host;

#define MILLRACE_KEY_SIZE 256

/* Has a host call a handler's `prepare` with a key, which is answered by PREPARED. Also CLOSE, where only the
 * host counts. */
typedef struct millrace_keeper_prepare {
    uint32_t type;
    uint32_t host;
    char handler[MILLRACE_NAME_SIZE];
    char key[MILLRACE_KEY_SIZE];
} millrace_keeper_prepare;

/* READY, PREPARED and GONE. A host that was refused ends by itself. */
typedef struct millrace_keeper_host_news {
    uint32_t type;
    uint32_t host;
    uint32_t is_refused; /* the host can't fork jobs, or `prepare` failed; `reason` says why */
    int32_t pid;
    int32_t code; /* of GONE, as in EXITED */
    int32_t status;
    uint64_t load_us; /* of READY: what loading the plugin took */
    uint64_t work_us; /* what `warm_up` or `prepare` took */
    char reason[512];
} millrace_keeper_host_news;

#define MILLRACE_OUTCOME_MAGIC 0x6d6c726fu

/* The head of the outcome memfd; the result follows at `sizeof(millrace_outcome)`. The job's process wrote
 * it, so the runner believes nothing of it unchecked. It is valid once `magic` is there, which is written
 * last. The file is grown for the largest result: only `result_length` says how much of it counts.
 * Behind the room for the result, at MILLRACE_CHECKPOINT_OFFSET, are two slots for checkpoints. The one that
 * `checkpoint_generation` names by its lowest bit counts, whatever of the rest is valid, unless that is 0: a
 * save goes to the other one, and the generation is written last, so one that is cut short changes nothing.
 * Exit codes: 0 done, 1 the handler failed, 125 the host could not run it; a process that ends without an
 * outcome ended by itself. The host's own codes: `handler_missing`, `plugin_refused` (with status 1 for a
 * DESCRIBE, retryable if only its time ran out), `host_failed`; `failed` stands for a handler that gave
 * none. */
typedef struct millrace_outcome {
    uint32_t magic;
    int32_t status;    /* 0: done; 1: the handler failed; 2: the host could not run it; 3: it snoozed */
    int32_t retryable; /* of a failure */
    uint32_t has_result;
    uint64_t result_length;
    uint64_t result_capacity; /* the room for the result */
    uint64_t checkpoint_generation;
    uint64_t checkpoint_length[2];
    int64_t delay_ms; /* of a snooze, whose reason is the message */
    char code[64];
    char message[1024];
    char media_type[128];
    int32_t terminated; /* 1: SIGTERM has come, whoever sent it */
    int32_t reserved;
} millrace_outcome;

/* Where an outcome notes that SIGTERM has come. */
static inline int32_t *millrace_outcome_termination(millrace_outcome *outcome) {
    return &outcome->terminated;
}

#define MILLRACE_CHECKPOINT_SLOT (1 << 20)
#define MILLRACE_CHECKPOINT_OFFSET(capacity) ((sizeof(millrace_outcome) + (capacity) + 15) & ~UINT64_C(15))

#define MILLRACE_PROGRESS_MAGIC 0x6d6c7270u

/* A packet on the channel: the newest progress counts. */
typedef struct millrace_progress {
    uint32_t magic;
    uint32_t reserved;
    double fraction; /* 0 to 1 */
    char message[256];
} millrace_progress;

#endif
