#include "tree_root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "parameters.h"

/* How often a path is resolved anew because somebody renames directories meanwhile. */
enum { RESOLVES_MAX = 100 };

/* What a machine can't do without: no handler deletes or overwrites right in there. */
static const char *const vital[] = {
    "/",        "/bin",     "/boot", "/dev",     "/etc",     "/home",    "/lib",       "/lib32",
    "/lib64",   "/libx32",  "/media", "/mnt",    "/opt",     "/proc",    "/root",      "/run",
    "/sbin",    "/srv",     "/sys",  "/usr",     "/usr/bin", "/usr/lib", "/usr/local", "/usr/sbin",
    "/usr/share", "/var",   "/var/cache", "/var/lib", "/var/log", "/var/spool",
};

/* glibc has no openat2 before 2.43. Returns a descriptor or -errno. */
static int resolve(int directory, const char *path, int flags, mode_t mode, uint64_t bounds) {
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW),
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = bounds | RESOLVE_NO_MAGICLINKS,
    };
    for (int i = 0; i < RESOLVES_MAX; i++) {
        long descriptor = syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (descriptor >= 0) return (int)descriptor;
        if (errno != EAGAIN && errno != EINTR) break;
    }
    return -errno;
}

/* Makes a root of a descriptor, or of the negative errno in its place. */
static int take_over(tree_root *root, int descriptor) {
    struct stat status;
    if (descriptor < 0) return -descriptor;
    if (fstat(descriptor, &status) < 0) {
        int problem = errno;
        close(descriptor);
        return problem;
    }
    root->directory = descriptor;
    root->device = status.st_dev;
    return 0;
}

int tree_root_open(tree_root *root, const char *path, int flags) {
    struct stat status;
    *root = (tree_root){.directory = -1, .crosses = flags & TREE_ROOT_CROSSES};
    if (path[0] != '/') return EINVAL;
    const int open_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int descriptor;
    if (flags & TREE_ROOT_WITHOUT_LINKS) {
        descriptor = resolve(AT_FDCWD, path, open_flags, 0, RESOLVE_NO_SYMLINKS);
    } else {
        descriptor = open(path, open_flags);
        if (descriptor < 0) descriptor = -errno;
    }
    if (descriptor == -ENOTDIR && lstat(path, &status) == 0 && S_ISLNK(status.st_mode)) return ELOOP;
    return take_over(root, descriptor);
}

int tree_root_at(tree_root *root, int directory, const char *name) {
    *root = (tree_root){.directory = -1};
    return take_over(root, resolve(directory, name, O_RDONLY | O_DIRECTORY, 0, RESOLVE_BENEATH));
}

int tree_root_is_vital(const tree_root *root) {
    struct stat own, other;
    struct statfs system;
    if (fstat(root->directory, &own) < 0 || fstatfs(root->directory, &system) < 0) return 1;
    switch ((unsigned long)system.f_type) {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case DEVPTS_SUPER_MAGIC: return 1;
    default: break;
    }
    /* By what they are, not by name: another spelling or a bind mount is the same directory. */
    for (size_t i = 0; i < sizeof vital / sizeof vital[0]; i++) {
        if (stat(vital[i], &other) == 0 && own.st_dev == other.st_dev && own.st_ino == other.st_ino) return 1;
    }
    return 0;
}

int tree_root_fail(const millrace_context *context, const char *path, int problem) {
    switch (problem) {
    case EINVAL:
        return job_fail(context, "invalid_parameters", FAIL_FOR_GOOD, "`%s` is not an absolute path", path);
    case ENOENT:
        return job_fail(context, "not_found", FAIL_FOR_GOOD, "cannot find `%s`", path);
    case ENOTDIR:
        return job_fail(context, "not_a_directory", FAIL_FOR_GOOD, "`%s` is not a directory", path);
    case ELOOP:
        return job_fail(context, "is_a_link", FAIL_FOR_GOOD,
                        "`%s` is a symbolic link or leads over one; give the path that it leads to", path);
    case EACCES:
    case EPERM:
        return job_fail(context, "unreadable", FAIL_FOR_GOOD, "cannot open `%s`: %s", path,
                        strerror(problem));
    default:
        return job_fail(context, "not_opened", FAIL_RETRYABLE, "cannot open `%s`: %s", path,
                        strerror(problem));
    }
}

int tree_open(const tree_root *root, const char *path, int flags, mode_t mode) {
    uint64_t bounds = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | (root->crosses ? 0 : RESOLVE_NO_XDEV);
    return resolve(root->directory, path[0] == 0 ? "." : path, flags, mode, bounds);
}

int tree_open_parent(const tree_root *root, const char *path, const char **name) {
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    *name = slash != NULL ? slash + 1 : path;
    size_t length = slash != NULL ? (size_t)(slash - path) : 0;
    if (length >= sizeof directory) return -ENAMETOOLONG;
    memcpy(directory, path, length);
    directory[length] = 0;
    return tree_open(root, directory, O_PATH | O_DIRECTORY, 0);
}
