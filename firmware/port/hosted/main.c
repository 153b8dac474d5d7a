// The hosted port: a core as an ordinary process of the machine that the host runs on.
//
//   carillon-core --region FILE --region-fd FD --core INDEX --doorbell FD
//
// The region is the open file; its name is for messages, and to remove it where the host was killed.
// The doorbell is a connected socket: a byte in either direction is a bell. The core ends when the
// host stops it or the socket closes.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "core/core.h"

struct hosted {
    int doorbell;
};

struct options {
    const char *region;
    int region_fd;
    uint32_t core;
    int doorbell;
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
    struct pollfd pollfd = {.fd = hosted->doorbell, .events = POLLIN};
    struct timespec timeout = {.tv_sec = timeout_us / 1000000u,
                               .tv_nsec = (long)(timeout_us % 1000000u) * 1000};
    if (ppoll(&pollfd, 1, &timeout, NULL) <= 0) {
        return true;
    }
    return drain(hosted->doorbell);
}

static void ring_host(void *context)
{
    const struct hosted *hosted = context;
    // A full socket holds bells that the host has not heard yet: one more would add nothing. A
    // host that is gone is noticed by the next wait.
    (void)!send(hosted->doorbell, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
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

static bool parse_options(int count, char **arguments, struct options *options)
{
    *options = (struct options){.region_fd = -1, .doorbell = -1, .core = CARILLON_NONE};
    for (int i = 1; i + 1 < count; i += 2) {
        long number = 0;
        if (strcmp(arguments[i], "--region") == 0) {
            options->region = arguments[i + 1];
        } else if (strcmp(arguments[i], "--region-fd") == 0 &&
                   parse_number(arguments[i + 1], 1 << 20, &number)) {
            options->region_fd = (int)number;
        } else if (strcmp(arguments[i], "--core") == 0 &&
                   parse_number(arguments[i + 1], CARILLON_CORES_MAX - 1, &number)) {
            options->core = (uint32_t)number;
        } else if (strcmp(arguments[i], "--doorbell") == 0 &&
                   parse_number(arguments[i + 1], 1 << 20, &number)) {
            options->doorbell = (int)number;
        } else {
            return false;
        }
    }
    return count == 9 && options->region != NULL && options->region_fd >= 0 &&
           options->core != CARILLON_NONE && options->doorbell >= 0;
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
        fprintf(stderr, "usage: carillon-core --region FILE --region-fd FD --core INDEX --doorbell FD\n");
        return 2;
    }
    // Ctrl-C in a terminal reaches the whole group; the host stops its cores in order.
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    flush_subnormals();

    struct hosted hosted = {.doorbell = options.doorbell};
    const struct port port = {
        .context = &hosted, .now_us = now_us, .wait = wait_for_bell, .ring = ring_host};
    struct stat file;
    static struct core core;
    core.port = &port;
    core.index = options.core;
    core.shared = map_region(options.region_fd, options.region, &file);
    core.region_bytes = (uint32_t)file.st_size;
    core_run(&core);
    if (!drain(hosted.doorbell)) {
        remove_orphan(options.region, &file);
    }
    return 0;
}
