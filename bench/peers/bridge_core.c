#include "peers/bridge_core.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/program.h"
#include "core/atomic.h"

enum {
    // As in the server.
    RING_BYTES = 256 * 1024,
    START_TIMEOUT_MS = 10000,
    // What a core finds its descriptors as.
    CORE_SOCKET_FD = 3,
    CORE_REGION_FD = 4,
    CORE_WAIT_FD = 5,
    CORE_RING_FD = 6,
    CORE_FDS_END = 7,
};

struct bridge_core core;

static struct carillon_shared_mem *shared;
static int core_bell; // rung for the core

uint64_t core_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

void core_ring(void)
{
    if (eventfd_write(core_bell, 1) != 0 && errno != EAGAIN) {
        program_fail(1, "eventfd: %s", strerror(errno));
    }
}

static struct carillon_ring_control *place_ring(uint32_t index, uint32_t kind)
{
    uint32_t each = (uint32_t)sizeof(struct carillon_ring_control) + RING_BYTES;
    uint32_t offset = (uint32_t)sizeof *shared + index * each;
    shared->rings[index] =
        (struct carillon_ring_descriptor){.kind = kind, .offset = offset, .capacity = RING_BYTES};
    return (struct carillon_ring_control *)((unsigned char *)shared + offset);
}

// Returns the descriptor of the memory.
static int make_region(void)
{
    size_t bytes = sizeof *shared + 2 * (sizeof(struct carillon_ring_control) + RING_BYTES);
    int fd = memfd_create("epoll_bridge", 0);
    if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0) {
        program_fail(1, "the region: %s", strerror(errno));
    }
    shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    uint32_t session = 0;
    if (shared == MAP_FAILED || getrandom(&session, sizeof session, 0) != sizeof session) {
        program_fail(1, "the region: %s", strerror(errno));
    }
    ring_producer_bind(&core.to_core, place_ring(0, CARILLON_RING_TO_CORE), RING_BYTES);
    ring_consumer_bind(&core.from_core, place_ring(1, CARILLON_RING_FROM_CORE), RING_BYTES);
    shared->header = (struct carillon_region_header){.layout_version = CARILLON_LAYOUT_VERSION,
                                                     .layout_hash = CARILLON_LAYOUT_HASH,
                                                     .session = session | 1u,
                                                     .region_bytes = (uint32_t)bytes,
                                                     .core_count = 1,
                                                     .ring_count = 2};
    // Release, and last: who sees it sees the rest.
    store_release(&shared->header.magic, CARILLON_REGION_MAGIC);
    return fd;
}

static void run_core(const char *firmware, bool polls, const int fds[4])
{
    int high[4];
    // Out of the way first: one of them may have a number that another is to have.
    for (int i = 0; i < 4; i++) {
        high[i] = fcntl(fds[i], F_DUPFD, CORE_FDS_END);
    }
    for (int i = 0; i < 4; i++) {
        if (high[i] < 0 || dup2(high[i], CORE_SOCKET_FD + i) < 0) {
            _exit(126);
        }
        close(high[i]);
    }
    execl(firmware, firmware, "--region", "memfd", "--region-fd", "4", "--core", "0", "--doorbell",
          "3", "--wait", "5", "--ring", "6", polls ? "--poll" : NULL, NULL);
    fprintf(stderr, "%s: %s\n", firmware, strerror(errno));
    _exit(127);
}

static void start_process(const char *firmware, bool polls)
{
    int pair[2];
    int region = make_region();
    core_bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    core.own_bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (core_bell < 0 || core.own_bell < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        program_fail(1, "the doorbells: %s", strerror(errno));
    }
    pid_t child = fork();
    if (child < 0) {
        program_fail(1, "fork: %s", strerror(errno));
    }
    if (child == 0) {
        run_core(firmware, polls, (const int[4]){pair[1], region, core_bell, core.own_bell});
    }
    close(pair[1]);
    close(region);
    core.socket = pair[0];
}

static bool has_linked(void)
{
    const struct carillon_core_status *status = &shared->status[0];
    struct carillon_core_control *control = &shared->control[0];
    // Acquire, both: what the core did before it stored them.
    uint32_t boot = load_acquire(&status->boot);
    if (boot != 0 && control->link == 0) {
        ring_producer_reset(&core.to_core);
        ring_consumer_reset(&core.from_core);
        store_release(&control->boot, boot);
        store_release(&control->link, 1);
        core_ring();
    }
    return load_acquire(&status->link) == 1;
}

// True once the core has told of all its effects.
static bool take_description(void)
{
    struct ring_record record;
    bool is_whole = false;
    while (ring_peek(&core.from_core, &record)) {
        if (record.header.type == CARILLON_EVENT_EFFECT_INFO &&
            record.header.length == sizeof *core.effects && core.effect_count < EFFECT_INFOS_MAX) {
            memcpy(&core.effects[core.effect_count++], record.payload, sizeof *core.effects);
        }
        is_whole = record.header.type == CARILLON_EVENT_DESCRIBED;
        ring_advance(&core.from_core);
    }
    if (ring_free(&core.from_core)) {
        core_ring();
    }
    return is_whole;
}

// Links the core and asks it for its effects. It is the start, so it looks every tenth of a millisecond.
static void meet_core(void)
{
    uint64_t until = core_now_us() + START_TIMEOUT_MS * 1000u;
    const struct timespec pause = {.tv_nsec = 100000};
    bool has_asked = false;
    for (;;) {
        if (has_linked() && !has_asked) {
            has_asked = ring_claim(&core.to_core, 0) != NULL;
            ring_commit(&core.to_core, CARILLON_COMMAND_DESCRIBE, 0, 0);
            if (ring_publish(&core.to_core)) {
                core_ring();
            }
        }
        if (has_asked && take_description()) {
            return;
        }
        char byte;
        if (recv(core.socket, &byte, 1, MSG_DONTWAIT) == 0 || core_now_us() > until) {
            program_fail(1, "the core did not start");
        }
        nanosleep(&pause, NULL);
    }
}

void core_start(const char *firmware, bool polls)
{
    start_process(firmware, polls);
    meet_core();
}
