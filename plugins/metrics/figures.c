#include "figures.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "parameters.h"

/* Opens `directory`/`name`. */
static FILE *open_file(const char *directory, const char *name) {
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/%s", directory, name);
    return length < 0 || (size_t)length >= sizeof path ? NULL : fopen(path, "re");
}

static void add(json_t *figures, const char *name, double value) {
    json_object_set_new(figures, name, json_real(value));
}

static void add_whole(json_t *figures, const char *name, uint64_t value) {
    json_object_set_new(figures, name, json_integer((json_int_t)value));
}

/* Reads the number behind `key` in a file of lines such as `key 42` or `key: 42 kB`. Returns whether it is
 * there. */
static int read_number(const char *directory, const char *file, const char *key, uint64_t *number) {
    FILE *opened = open_file(directory, file);
    if (opened == NULL) return 0;
    char line[256];
    const size_t length = strlen(key);
    int found = 0;
    while (!found && fgets(line, sizeof line, opened) != NULL) {
        found = strncmp(line, key, length) == 0 && (line[length] == ' ' || line[length] == ':') &&
                sscanf(line + length + 1, "%" SCNu64, number) == 1;
    }
    fclose(opened);
    return found;
}

/* Reads a file that holds one number. */
static int read_single(const char *directory, const char *file, uint64_t *number) {
    FILE *opened = open_file(directory, file);
    if (opened == NULL) return 0;
    const int found = fscanf(opened, "%" SCNu64, number) == 1;
    fclose(opened);
    return found;
}

/* Where cgroup v2 is mounted; the mount's own root is not told from the machine's. */
static int find_mount(char *mount, size_t size) {
    FILE *mounts = fopen("/proc/self/mounts", "re");
    if (mounts == NULL) return 0;
    char line[PATH_MAX + 256], place[PATH_MAX], kind[64];
    int found = 0;
    while (!found && fgets(line, sizeof line, mounts) != NULL) {
        found = sscanf(line, "%*s %4095s %63s", place, kind) == 2 && strcmp(kind, "cgroup2") == 0;
    }
    fclose(mounts);
    if (found) snprintf(mount, size, "%s", place);
    return found;
}

void figures_find_jobs(char *path, size_t size) {
    path[0] = 0;
    FILE *own = fopen("/proc/self/cgroup", "re");
    if (own == NULL) return;
    char line[PATH_MAX], mount[PATH_MAX];
    while (fgets(line, sizeof line, own) != NULL) {
        if (strncmp(line, "0::", 3) != 0) continue;
        /* The attempt's leaf lies in its plugin's group, and that in the one of all jobs. */
        for (int levels = 0; levels < 2; levels++) {
            char *last = strrchr(line, '/');
            if (last != NULL) *last = 0;
        }
        if (strlen(line) <= 3 || !find_mount(mount, sizeof mount)) break;
        const int length = snprintf(path, size, "%s%s", mount, line + 3);
        if (length < 0 || (size_t)length >= size) path[0] = 0;
        break;
    }
    fclose(own);
}

static int read_processors(counters *now) {
    FILE *file = fopen("/proc/stat", "re");
    if (file == NULL) return 0;
    /* user, nice, system, idle, iowait, irq, softirq, steal (proc_stat(5)) */
    uint64_t ticks[8], all = 0;
    int count = fscanf(file, "cpu") == 0;
    for (int i = 0; i < 8 && count > 0; i++) {
        count = fscanf(file, "%" SCNu64, &ticks[i]);
        all += count > 0 ? ticks[i] : 0;
    }
    fclose(file);
    if (count <= 0) return 0;
    now->all = all;
    now->waiting = ticks[4];
    now->busy = all - ticks[3] - ticks[4];
    return 1;
}

/* All interfaces but the loopback together. */
static int read_network(counters *now) {
    FILE *file = fopen("/proc/self/net/dev", "re");
    if (file == NULL) return 0;
    char line[512], name[64];
    while (fgets(line, sizeof line, file) != NULL) {
        uint64_t received, sent;
        char *colon = strchr(line, ':');
        if (colon == NULL) continue;
        *colon = ' ';
        const int count = sscanf(line, "%63s %" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64, name,
                                 &received, &sent);
        if (count != 3 || strcmp(name, "lo") == 0) continue;
        now->received += received;
        now->sent += sent;
    }
    fclose(file);
    return 1;
}

void counters_read(counters *now, const char *jobs) {
    *now = (counters){.time = clock_seconds(CLOCK_MONOTONIC)};
    now->has_processors = read_processors(now);
    now->has_network = read_network(now);
    now->has_jobs = jobs[0] != 0 && read_number(jobs, "cpu.stat", "usage_usec", &now->jobs_cpu);
}

/* A counter that went back was set anew: it has counted nothing that is known. */
static double grown(uint64_t before, uint64_t after) { return after > before ? (double)(after - before) : 0; }

void figures_add_rates(json_t *figures, const counters *before, const counters *after) {
    const double seconds = after->time - before->time;
    if (before->has_processors && after->has_processors && after->all > before->all) {
        const double all = grown(before->all, after->all);
        add(figures, "cpu_busy_percent", 100 * grown(before->busy, after->busy) / all);
        add(figures, "cpu_iowait_percent", 100 * grown(before->waiting, after->waiting) / all);
    }
    if (seconds <= 0) return;
    if (before->has_network && after->has_network) {
        add(figures, "network_received_bytes_per_second", grown(before->received, after->received) / seconds);
        add(figures, "network_sent_bytes_per_second", grown(before->sent, after->sent) / seconds);
    }
    if (before->has_jobs && after->has_jobs) {
        add(figures, "jobs_cpu_processors", grown(before->jobs_cpu, after->jobs_cpu) / seconds / 1e6);
    }
}

/* How much of the last minute somebody waited, in percent (Documentation/accounting/psi.rst). */
static void add_pressure(json_t *figures, const char *resource) {
    FILE *file = open_file("/proc/pressure", resource);
    if (file == NULL) return;
    double share;
    char name[64];
    if (fscanf(file, "some avg10=%*f avg60=%lf", &share) == 1) {
        snprintf(name, sizeof name, "pressure_%s_percent", resource);
        add(figures, name, share);
    }
    fclose(file);
}

static void add_memory(json_t *figures) {
    uint64_t total, available, swap, free_swap;
    if (read_number("/proc", "meminfo", "MemTotal", &total)) {
        add_whole(figures, "memory_total_bytes", total << 10);
    }
    if (read_number("/proc", "meminfo", "MemAvailable", &available)) {
        add_whole(figures, "memory_available_bytes", available << 10);
    }
    if (read_number("/proc", "meminfo", "SwapTotal", &swap) &&
        read_number("/proc", "meminfo", "SwapFree", &free_swap) && free_swap <= swap) {
        add_whole(figures, "swap_used_bytes", (swap - free_swap) << 10);
    }
}

void figures_add_machine(json_t *figures, const char *jobs) {
    static const char *const names[] = {"load_1m", "load_5m", "load_15m"};
    double loads[3];
    const int count = getloadavg(loads, 3);
    for (int i = 0; i < count; i++) add(figures, names[i], loads[i]);
    add_memory(figures);
    add_pressure(figures, "cpu");
    add_pressure(figures, "memory");
    add_pressure(figures, "io");
    uint64_t number;
    if (jobs[0] == 0) return;
    if (read_single(jobs, "memory.current", &number)) add_whole(figures, "jobs_memory_bytes", number);
    if (read_single(jobs, "pids.current", &number)) add_whole(figures, "jobs_processes", number);
}

int figures_add_disk(json_t *figures, const char *path) {
    struct statvfs disk;
    char name[PATH_MAX + 32];
    if (statvfs(path, &disk) < 0) return errno;
    snprintf(name, sizeof name, "disk_free_bytes %s", path);
    add_whole(figures, name, (uint64_t)disk.f_bavail * disk.f_frsize);
    if (disk.f_blocks > 0) {
        snprintf(name, sizeof name, "disk_used_percent %s", path);
        add(figures, name, 100.0 * (double)(disk.f_blocks - disk.f_bfree) / (double)disk.f_blocks);
    }
    return 0;
}
