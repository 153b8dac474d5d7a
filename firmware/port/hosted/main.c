// The hosted port: a core as an ordinary process of the machine that the host runs on.
//
//   carillon-core --region FILE --region-fd FD --core INDEX --doorbell FD [--wait FD --ring FD] [--poll]
//
// The region is the open file; its name is for messages, and to remove it where the host was killed.
// The doorbell is a connected socket: a byte in either direction is a bell. With --wait and --ring,
// two eventfds, the core waits at the one and rings the other instead, which is faster. With --poll
// it looks for commands all the time instead of waiting for bells, and takes a whole processor for it.
// The core ends when the host stops it or the socket closes. One that faults writes its record first
// (fault.c).
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "core/core.h"
#include "port/hosted/fault.h"

#define NO_FD (-1)

struct hosted {
    int doorbell;
    int wait_fd; // eventfds, or NO_FD where the doorbell is all there is
    int ring_fd;
};

struct options {
    const char *region;
    int region_fd;
    uint32_t core;
    struct hosted bells;
    bool polls;
};

static uint64_t now_us(void *context)
{
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

// Takes the bells that are there. False where the host has closed its end.
static bool drain(int doorbell)
{
    char bells[256];
    for (;;) {
        ssize_t count = recv(doorbell, bells, sizeof bells, MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
            return false;
        }
        if (count < (ssize_t)sizeof bells) {
            return true;
        }
    }
}

static bool wait_for_bell(void *context, uint32_t timeout_us)
{
    const struct hosted *hosted = context;
    // poll passes over a descriptor that is negative.
    struct pollfd polled[] = {{.fd = hosted->doorbell, .events = POLLIN},
                              {.fd = hosted->wait_fd, .events = POLLIN}};
    struct timespec timeout = {.tv_sec = timeout_us / 1000000u,
                               .tv_nsec = (long)(timeout_us % 1000000u) * 1000};
    if (ppoll(polled, 2, &timeout, NULL) <= 0) {
        return true;
    }
    eventfd_t count;
    if (polled[1].revents != 0 && eventfd_read(hosted->wait_fd, &count) != 0 && errno != EAGAIN) {
        return false;
    }
    return polled[0].revents == 0 || drain(hosted->doorbell);
}

static void ring_host(void *context)
{
    const struct hosted *hosted = context;
    if (hosted->ring_fd != NO_FD) {
        // It is non-blocking: where the counter is full the host has enough to hear already.
        (void)!eventfd_write(hosted->ring_fd, 1);
        return;
    }
    // A full socket holds bells that the host has not heard yet: one more would add nothing. A
    // host that is gone is noticed by the next wait.
    (void)!send(hosted->doorbell, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

// What a processor is told that waits for another: it leaves more to the other half of its core.
static void relax(void *context)
{
    (void)context;
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// Decaying filters would else end in subnormal numbers, which cost a hundred times as much.
static void flush_subnormals(void)
{
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040u); // flush to zero, denormals are zero
#elif defined(__aarch64__)
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    __asm__ volatile("msr fpcr, %0" ::"r"(fpcr | (1u << 24)));
#endif
}

static bool parse_number(const char *text, long max, long *number)
{
    char *end = NULL;
    errno = 0;
    *number = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *number >= 0 && *number <= max;
}

static bool parse_option(struct options *options, const char *name, const char *value)
{
    long number = 0;
    if (strcmp(name, "--region") == 0) {
        options->region = value;
        return true;
    }
    if (strcmp(name, "--core") == 0) {
        bool valid = parse_number(value, CARILLON_CORES_MAX - 1, &number);
        options->core = (uint32_t)number;
        return valid;
    }
    int *fd = strcmp(name, "--region-fd") == 0  ? &options->region_fd
              : strcmp(name, "--doorbell") == 0 ? &options->bells.doorbell
              : strcmp(name, "--wait") == 0     ? &options->bells.wait_fd
              : strcmp(name, "--ring") == 0     ? &options->bells.ring_fd
                                                : NULL;
    if (fd == NULL || !parse_number(value, 1 << 20, &number)) {
        return false;
    }
    *fd = (int)number;
    return true;
}

static bool parse_options(int count, char **arguments, struct options *options)
{
    *options = (struct options){.region_fd = NO_FD,
                                .core = CARILLON_NONE,
                                .bells = {NO_FD, NO_FD, NO_FD}};
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--poll") == 0) {
            options->polls = true;
        } else if (i + 1 == count || !parse_option(options, arguments[i], arguments[i + 1])) {
            return false;
        } else {
            i++;
        }
    }
    return options->region != NULL && options->region_fd != NO_FD &&
           options->core != CARILLON_NONE && options->bells.doorbell != NO_FD &&
           (options->bells.wait_fd == NO_FD) == (options->bells.ring_fd == NO_FD);
}

static void *map_region(int fd, const char *path, struct stat *file)
{
    if (fstat(fd, file) != 0) {
        perror(path);
        exit(1);
    }
    // Touching a page beyond the end of the file would be fatal: the size is checked first.
    if (file->st_size < (off_t)sizeof(struct carillon_shared_mem) || file->st_size > UINT32_MAX) {
        fprintf(stderr, "%s: %lld bytes are no shared region\n", path, (long long)file->st_size);
        exit(1);
    }
    void *region = mmap(NULL, (size_t)file->st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (region == MAP_FAILED) {
        perror(path);
        exit(1);
    }
    close(fd);
    return region;
}

// A host that was killed has left its file behind.
static void remove_orphan(const char *path, const struct stat *mapped)
{
    struct stat now;
    if (stat(path, &now) == 0 && now.st_ino == mapped->st_ino && now.st_dev == mapped->st_dev) {
        unlink(path);
    }
}

int main(int count, char **arguments)
{
    struct options options;
    if (!parse_options(count, arguments, &options)) {
        fprintf(stderr, "usage: carillon-core --region FILE --region-fd FD --core INDEX --doorbell FD "
                        "[--wait FD --ring FD] [--poll]\n");
        return 2;
    }
    // Ctrl-C in a terminal reaches the whole group; the host stops its cores in order.
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    flush_subnormals();

    struct hosted hosted = options.bells;
    const struct port port = {.context = &hosted,
                              .now_us = now_us,
                              .wait = wait_for_bell,
                              .ring = ring_host,
                              .relax = options.polls ? relax : NULL};
    struct stat file;
    static struct core core;
    core.port = &port;
    core.index = options.core;
    core.shared = map_region(options.region_fd, options.region, &file);
    core.region_bytes = (uint32_t)file.st_size;
    fault_watch(&core);
    core_run(&core);
    if (!drain(hosted.doorbell)) {
        remove_orphan(options.region, &file);
    }
    return 0;
}
