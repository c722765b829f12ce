/* millrace_batch.h: what the processes of `millrace-host batch` tell each other.
 *
 * The supervisor is the parent of one scribe, which alone touches the spool, and of one warden for each
 * attempt that runs, which is the parent of the attempt's processes. They are forks of one process: structs
 * cross as they lie in memory, over SOCK_SEQPACKET pairs.
 */
#ifndef MILLRACE_BATCH_H
#define MILLRACE_BATCH_H

#include <stdint.h>

enum {
    MILLRACE_BATCH_CLAIM = 1,     /* supervisor to scribe: claim `attempt`, and make what its process needs */
    MILLRACE_BATCH_CLAIMED = 2,   /* scribe to supervisor; descriptors: payload, outcome, log, channel */
    MILLRACE_BATCH_PASSED = 3,    /* scribe to supervisor: it is not to run; `status` 0: another host has
                                   * claimed it, 1: and it has ended, 2: it can't, which will be RECORDED */
    MILLRACE_BATCH_STOP = 4,      /* scribe to supervisor: stop it; `stopped` is TERM or KILL */
    MILLRACE_BATCH_CLOSED = 5,    /* scribe to supervisor: nothing may run any more */
    MILLRACE_BATCH_BEAT = 6,      /* scribe to supervisor: a heartbeat is there, begun at `started_ms` */
    MILLRACE_BATCH_ENDED = 7,     /* warden to supervisor to scribe: an attempt has ended */
    MILLRACE_BATCH_RECORDED = 8,  /* scribe to supervisor: so it says in the spool */
    MILLRACE_BATCH_LOOK = 9,      /* supervisor to scribe: beat, and look for stops, now */
    MILLRACE_BATCH_FINISH = 10,   /* supervisor to scribe: nothing runs any more; `stopped` is why, `text` the
                                   * fault if there is one; the scribe writes `done` and ends, or if
                                   * `status` is 1 only ends: another host may run some of it */
    MILLRACE_BATCH_TERMINATE = 11, /* supervisor to warden: SIGTERM to all processes of the attempt */
    MILLRACE_BATCH_KILL = 12,     /* supervisor to warden: SIGKILL */
    MILLRACE_BATCH_FETCHED = 13   /* scribe to supervisor: what is to be fetched is there */
};

/* Why the host stopped an attempt, or ended. */
enum {
    MILLRACE_STOPPED_NOT = 0,
    MILLRACE_STOPPED_TIMEOUT = 1,
    MILLRACE_STOPPED_TERM = 2,
    MILLRACE_STOPPED_KILL = 3,
    MILLRACE_STOPPED_CLOSED = 4,
    MILLRACE_STOPPED_FENCED = 5
};

typedef struct millrace_batch_news {
    uint32_t type;
    int32_t attempt; /* its place in the manifest, from 0 */
    int32_t code;    /* of ENDED, as in millrace_ending; 0: `text` is the fault, and nothing of it ran */
    int32_t status;
    uint32_t stopped;
    uint32_t is_left; /* of ENDED: processes of it could not be killed */
    int64_t started_us; /* of ENDED, in microseconds since 1970-01-01 UTC */
    int64_t ended_us;
    int64_t started_ms; /* of BEAT, by CLOCK_BOOTTIME */
    int64_t cpu_user_us; /* of ENDED: of all processes of the attempt */
    int64_t cpu_system_us;
    int64_t memory_peak; /* bytes */
    int32_t is_peak_of_group; /* whether that is of the cgroup, not of the largest process */
    int32_t has_oom_kills;    /* whether the kernel counts them */
    int64_t oom_kills;
    char text[512];
} millrace_batch_news;

#endif
