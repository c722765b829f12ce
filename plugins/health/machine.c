#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "check.h"

static void set_bytes(check *one, const char *name, double bytes) {
    json_object_set_new(one->figures, name, json_integer((json_int_t)bytes));
}

static double mib(double bytes) { return bytes / (1 << 20); }

static void check_disk(check *one) {
    struct statvfs disk;
    if (statvfs(one->place, &disk) < 0) {
        check_fail(one, "cannot look at it: %s", strerror(errno));
        return;
    }
    /* As df counts: what is kept for root is no part of it. */
    double block = (double)disk.f_frsize, free = (double)disk.f_bavail * block;
    double all = ((double)disk.f_blocks - (double)disk.f_bfree + (double)disk.f_bavail) * block;
    double percent = all > 0 ? 100 * free / all : 0;
    set_bytes(one, "free_bytes", free);
    set_bytes(one, "total_bytes", all);
    json_object_set_new(one->figures, "free_percent", json_real(percent));
    if (free < (double)one->min_bytes) {
        check_fail(one, "%.1f MiB are free, %.1f are wanted", mib(free), mib((double)one->min_bytes));
    } else if (percent < one->min_percent) {
        check_fail(one, "%.1f %% are free, %.1f are wanted", percent, one->min_percent);
    }
}

/* https://docs.kernel.org/filesystems/proc.html#meminfo: what can be had without swapping. */
static void check_memory(check *one) {
    char line[256];
    double kib = -1;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file != NULL && kib < 0 && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "MemAvailable: %lf kB", &kib) != 1) kib = -1;
    }
    if (file != NULL) fclose(file);
    if (kib < 0) {
        check_fail(one, "`/proc/meminfo` does not tell what is available");
        return;
    }
    set_bytes(one, "available_bytes", kib * 1024);
    if (kib * 1024 < (double)one->min_bytes) {
        check_fail(one, "%.1f MiB are available, %.1f are wanted", kib / 1024, mib((double)one->min_bytes));
    }
}

static void check_load(check *one) {
    double load;
    if (getloadavg(&load, 1) != 1) {
        check_fail(one, "the load is not known");
        return;
    }
    json_object_set_new(one->figures, "load", json_real(load));
    if (load > one->max_load) check_fail(one, "it is %.2f, at most %.2f are wanted", load, one->max_load);
}

static void check_file(check *one) {
    struct stat file;
    struct timespec now;
    if (stat(one->place, &file) < 0) {
        check_fail(one, "cannot look at it: %s", strerror(errno));
        return;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    double age = (double)(now.tv_sec - file.st_mtim.tv_sec) +
                 (double)(now.tv_nsec - file.st_mtim.tv_nsec) / 1e9;
    json_object_set_new(one->figures, "age_seconds", json_real(age));
    set_bytes(one, "bytes", (double)file.st_size);
    if (age > one->max_age) check_fail(one, "it is %.0f s old, at most %.0f are wanted", age, one->max_age);
}

void check_machine(check *one) {
    switch (one->kind) {
    case CHECK_DISK: check_disk(one); break;
    case CHECK_MEMORY: check_memory(one); break;
    case CHECK_LOAD: check_load(one); break;
    case CHECK_FILE: check_file(one); break;
    }
}
