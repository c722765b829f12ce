/* keeper: how long a job takes from the spawn request to the news of its exit, at the keeper alone.
 *
 *     keeper HOST PLUGIN template|cold COUNT CGROUP DIRECTORY
 *
 * Prints nanoseconds, one job a line. Each job has a new leaf below CGROUP (made and removed outside of the
 * measured time), a payload, an outcome, a log and a channel, as the runner makes them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "millrace_keeper.h"
#include "millrace_linux.h"

#define NOBODY 65534

static int64_t checked(int64_t result, const char *doing) {
    if (result >= 0) return result;
    fprintf(stderr, "error: cannot %s: %s\n", doing, strerror(result == -1 ? errno : (int)-result));
    exit(1);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int32_t start_keeper(const char *host, const char *socket) {
    int32_t listener = (int32_t)checked(millrace_listen(socket, 1), "listen");
    int32_t null = open("/dev/null", O_RDWR), pidfd;
    char *arguments[] = {(char *)host, "keeper", "--socket-fd", "3", NULL}, *environment[] = {NULL};
    int32_t descriptors[] = {null, null, 2, listener};
    millrace_program program = {host, arguments, environment, descriptors, 4, -1};
    checked(millrace_spawn(&program, &pidfd), "start the keeper");
    return (int32_t)checked(millrace_connect(socket), "connect to the keeper");
}

static int32_t make_payload(int64_t job) {
    struct {
        millrace_payload head;
        char handler[8], parameters[8];
    } file = {.handler = "noop", .parameters = "{}"};
    file.head.size = sizeof file.head;
    file.head.job = job;
    file.head.attempt = 1;
    file.head.handler = (uint64_t)((char *)file.handler - (char *)&file);
    file.head.parameters = (uint64_t)((char *)file.parameters - (char *)&file);
    file.head.parameters_length = 2;
    int32_t payload = (int32_t)checked(millrace_memfd_create("payload"), "make a payload");
    checked(write(payload, &file, sizeof file), "write a payload");
    return payload;
}

/* Receives packets until the job has ended; returns the time of that. */
static int64_t wait_for_exit(int32_t keeper, int64_t job) {
    for (;;) {
        union {
            uint32_t type;
            millrace_keeper_started started;
            millrace_keeper_exited exited;
            char bytes[256];
        } packet;
        int32_t descriptors[4], count = 4;
        int64_t length = millrace_receive(keeper, &packet, sizeof packet, descriptors, &count, 0);
        int64_t time = now();
        checked(length > 0 ? 0 : -EPIPE, "hear from the keeper");
        for (int i = 0; i < count; i++) close(descriptors[i]);
        if (packet.type == MILLRACE_KEEPER_STARTED) checked(-packet.started.error, "start a job");
        if (packet.type == MILLRACE_KEEPER_EXITED && packet.exited.job == job) {
            checked(packet.exited.status == 0 ? 0 : -EPROTO, "run a job");
            return time;
        }
    }
}

static int64_t run_job(int32_t keeper, int32_t group, millrace_keeper_start *request) {
    char name[32];
    snprintf(name, sizeof name, "k%lld", (long long)request->job);
    checked(mkdirat(group, name, 0755), "make a leaf");
    checked(mkdir(request->work_directory, 0700), "make a work directory");
    if (geteuid() == 0) checked(chown(request->work_directory, NOBODY, NOBODY), "give it away");
    int32_t log[2], channel[2], payload = make_payload(request->job);
    int32_t leaf = openat(group, name, O_DIRECTORY | O_CLOEXEC);
    int32_t outcome = (int32_t)checked(millrace_memfd_create("outcome"), "make an outcome");
    checked(ftruncate(outcome, sizeof(millrace_outcome)), "size an outcome");
    checked(millrace_pipe(log), "make a pipe");
    checked(millrace_packet_pipe(channel), "make a channel");
    int32_t descriptors[] = {leaf, outcome, log[1], channel[1], log[0], channel[0], payload};
    int64_t began = now();
    checked(millrace_send(keeper, request, sizeof *request, descriptors, 7, 0), "ask the keeper");
    int64_t time = wait_for_exit(keeper, request->job) - began;
    millrace_keeper_forget forget = {MILLRACE_KEEPER_FORGET, 1, {request->job}, {request->attempt}};
    checked(millrace_send(keeper, &forget, sizeof forget, NULL, 0, 0), "write to the keeper");
    for (int i = 0; i < 7; i++) close(descriptors[i]);
    checked(unlinkat(group, name, AT_REMOVEDIR), "remove a leaf");
    checked(rmdir(request->work_directory), "remove a work directory");
    return time;
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "usage: keeper HOST PLUGIN template|cold COUNT CGROUP DIRECTORY\n");
        return 2;
    }
    char path[MILLRACE_PATH_SIZE];
    snprintf(path, sizeof path, "%s/keeper.sock", argv[6]);
    unlink(path);
    int32_t keeper = start_keeper(argv[1], path), none = 0;
    millrace_keeper_hello hello;
    checked(millrace_receive(keeper, &hello, sizeof hello, NULL, &none, 0), "be greeted");
    checked(mkdir(argv[5], 0755) == 0 || errno == EEXIST ? 0 : -errno, "make the cgroup");
    int32_t group = (int32_t)checked(open(argv[5], O_DIRECTORY | O_CLOEXEC), "open the cgroup");
    millrace_keeper_start request = {.type = MILLRACE_KEEPER_START, .attempt = 1, .max_open_files = 256};
    request.tier = strcmp(argv[3], "cold") == 0 ? MILLRACE_TIER_COLD : MILLRACE_TIER_TEMPLATE;
    request.uid = geteuid() == 0 ? NOBODY : geteuid();
    request.gid = geteuid() == 0 ? NOBODY : getegid();
    request.max_result = 1 << 20;
    snprintf(request.plugin, sizeof request.plugin, "%s", argv[2]);
    for (request.job = 1; request.job <= atoi(argv[4]); request.job++) {
        snprintf(request.work_directory, sizeof request.work_directory, "%s/w%lld", argv[6],
                 (long long)request.job);
        printf("%lld\n", (long long)run_job(keeper, group, &request));
    }
    millrace_keeper_quit quit = {MILLRACE_KEEPER_QUIT, 0};
    checked(millrace_send(keeper, &quit, sizeof quit, NULL, 0, 0), "end the keeper");
    rmdir(argv[5]);
    return 0;
}
