#include "faulty_disk.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

/* An open file: ours, and behind it the one of the real VFS. */
struct file {
    sqlite3_file base;
    const char *path;
    sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    char prefix[1024];
    int32_t calls;
    int64_t after, count, failed;
    int32_t code, garble;
} plan;

void faulty_disk_arm(const char *prefix, int32_t calls, int64_t after, int64_t count, int32_t code,
                     int32_t garble) {
    pthread_mutex_lock(&lock);
    strncpy(plan.prefix, prefix, sizeof plan.prefix - 1);
    plan.calls = calls;
    plan.after = after;
    plan.count = count;
    plan.code = code;
    plan.garble = garble;
    plan.failed = 0;
    pthread_mutex_unlock(&lock);
}

int64_t faulty_disk_failed(void) {
    pthread_mutex_lock(&lock);
    int64_t failed = plan.failed;
    pthread_mutex_unlock(&lock);
    return failed;
}

int64_t faulty_disk_disarm(void) {
    pthread_mutex_lock(&lock);
    int64_t failed = plan.failed;
    plan.calls = 0;
    pthread_mutex_unlock(&lock);
    return failed;
}

/* Returns whether this call fails, with its code in `code`. */
static int fails(struct file *file, int32_t call, int *code) {
    pthread_mutex_lock(&lock);
    int is_hit = (plan.calls & call) && file->path &&
                 strncmp(file->path, plan.prefix, strlen(plan.prefix)) == 0;
    if (is_hit && plan.after > 0) {
        plan.after--;
        is_hit = 0;
    }
    if (is_hit && plan.count == 0) is_hit = 0;
    if (is_hit) {
        if (plan.count > 0) plan.count--;
        plan.failed++;
        *code = plan.code;
    }
    pthread_mutex_unlock(&lock);
    return is_hit;
}

#define REAL(f) (((struct file *)(f))->real)
#define FAIL_IF(f, call)                                            \
    do {                                                            \
        int code;                                                   \
        if (fails((struct file *)(f), call, &code)) return code;    \
    } while (0)

static int file_close(sqlite3_file *f) { return REAL(f)->pMethods->xClose(REAL(f)); }

static int file_read(sqlite3_file *f, void *bytes, int count, sqlite3_int64 offset) {
    int code, result = REAL(f)->pMethods->xRead(REAL(f), bytes, count, offset);
    if (!fails((struct file *)f, FAULTY_DISK_READ, &code)) return result;
    if (!plan.garble) return code;
    memset(bytes, 0x5a, (size_t)count);
    return result;
}

/* A full disk takes the first part. */
static int file_write(sqlite3_file *f, const void *bytes, int count, sqlite3_int64 offset) {
    int code;
    if (fails((struct file *)f, FAULTY_DISK_WRITE, &code)) {
        REAL(f)->pMethods->xWrite(REAL(f), bytes, count / 2, offset);
        return code;
    }
    return REAL(f)->pMethods->xWrite(REAL(f), bytes, count, offset);
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size) {
    FAIL_IF(f, FAULTY_DISK_TRUNCATE);
    return REAL(f)->pMethods->xTruncate(REAL(f), size);
}

static int file_sync(sqlite3_file *f, int flags) {
    FAIL_IF(f, FAULTY_DISK_SYNC);
    return REAL(f)->pMethods->xSync(REAL(f), flags);
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size) {
    return REAL(f)->pMethods->xFileSize(REAL(f), size);
}

static int file_lock(sqlite3_file *f, int level) {
    return REAL(f)->pMethods->xLock(REAL(f), level);
}

static int file_unlock(sqlite3_file *f, int level) { return REAL(f)->pMethods->xUnlock(REAL(f), level); }

static int file_reserved(sqlite3_file *f, int *result) {
    return REAL(f)->pMethods->xCheckReservedLock(REAL(f), result);
}

static int file_control(sqlite3_file *f, int operation, void *argument) {
    return REAL(f)->pMethods->xFileControl(REAL(f), operation, argument);
}

static int file_sector(sqlite3_file *f) { return REAL(f)->pMethods->xSectorSize(REAL(f)); }

static int file_traits(sqlite3_file *f) { return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f)); }

static int file_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **memory) {
    FAIL_IF(f, FAULTY_DISK_MEMORY);
    return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, memory);
}

static int file_shm_lock(sqlite3_file *f, int offset, int count, int flags) {
    /* The first lock is the writer's (https://sqlite.org/walformat.html#locks). */
    if ((flags & SQLITE_SHM_LOCK) && offset == 0) FAIL_IF(f, FAULTY_DISK_LOCK);
    return REAL(f)->pMethods->xShmLock(REAL(f), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *f) { REAL(f)->pMethods->xShmBarrier(REAL(f)); }

static int file_shm_unmap(sqlite3_file *f, int remove) {
    return REAL(f)->pMethods->xShmUnmap(REAL(f), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

/* SQLite keeps the path as long as the file is open. */
static int vfs_open(sqlite3_vfs *self, const char *path, sqlite3_file *f, int flags, int *out) {
    struct file *file = (struct file *)f;
    (void)self;
    file->path = path;
    file->real = (sqlite3_file *)(file + 1);
    file->real->pMethods = NULL;
    int result = real_vfs->xOpen(real_vfs, path, file->real, flags, out);
    file->base.pMethods = file->real->pMethods ? &methods : NULL;
    return result;
}

int32_t faulty_disk_install(void) {
    if (real_vfs) return SQLITE_OK;
    real_vfs = sqlite3_vfs_find(NULL);
    if (!real_vfs) return SQLITE_ERROR;
    /* All but the opening of files is the real one's, which is told by what it keeps in pAppData. */
    vfs = *real_vfs;
    vfs.pNext = NULL;
    vfs.zName = "faulty-disk";
    vfs.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
    vfs.xOpen = vfs_open;
    return sqlite3_vfs_register(&vfs, 1);
}
