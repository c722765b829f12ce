/* figures.h: named numbers of the machine, as the kernel's text files tell them. A file that this kernel or
 * this user can't read leaves its figures out: what is not known is not told as 0. */
#ifndef MILLRACE_FIGURES_H
#define MILLRACE_FIGURES_H

#include <jansson.h>
#include <stdint.h>

/* What has been counted since the machine started, or since a group was made: two of them make a rate. */
typedef struct counters {
    double time;
    int has_processors, has_network, has_jobs;
    /* In ticks, all processors together. */
    uint64_t busy, waiting, all;
    uint64_t received, sent;
    /* Of all jobs together, in microseconds. */
    uint64_t jobs_cpu;
} counters;

/* Finds the cgroup of all jobs, which this job's own lies in; empty if it can't be told. */
void figures_find_jobs(char *path, size_t size);

/* Reads the counters; `jobs` is the directory of the cgroup of all jobs, or empty. */
void counters_read(counters *now, const char *jobs);

/* Adds what happened between two readings. */
void figures_add_rates(json_t *figures, const counters *before, const counters *after);

/* Adds what is so now: load, memory, pressure, and what all jobs hold. */
void figures_add_machine(json_t *figures, const char *jobs);

/* Adds the room on the file system that holds `path`; returns an errno, or 0. */
int figures_add_disk(json_t *figures, const char *path);

#endif
