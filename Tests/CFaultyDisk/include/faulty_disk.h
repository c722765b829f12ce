/* A disk under SQLite that fails on demand: an SQLite VFS (https://sqlite.org/vfs.html) that hands every call
 * to the default one, except those that a test lets fail. */
#ifndef MILLRACE_FAULTY_DISK_H
#define MILLRACE_FAULTY_DISK_H

#include <stdint.h>

/* Calls that can fail. */
enum {
    FAULTY_DISK_READ = 1,
    FAULTY_DISK_WRITE = 2,
    FAULTY_DISK_SYNC = 4,
    FAULTY_DISK_LOCK = 8,     /* the lock of the one writer */
    FAULTY_DISK_MEMORY = 16,  /* maps of the shared memory */
    FAULTY_DISK_TRUNCATE = 32,
};

/* Puts itself before the default VFS, for every database that is opened afterwards. Returns an SQLite
 * code. */
int32_t faulty_disk_install(void);

/* Lets calls fail: of those in `calls` on files whose path begins with `prefix`, the first `after` ones
 * pass and the next `count` ones end with the SQLite code `code` (below 0: all that follow). With `garble`,
 * a read succeeds and brings other bytes. */
void faulty_disk_arm(const char *prefix, int32_t calls, int64_t after, int64_t count, int32_t code,
                     int32_t garble);

/* Returns how many calls failed since `faulty_disk_arm`. */
int64_t faulty_disk_failed(void);

/* Lets nothing fail any more. Returns the same. */
int64_t faulty_disk_disarm(void);

#endif
