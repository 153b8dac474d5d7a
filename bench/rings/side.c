#include "rings/side.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "common/program.h"

#define NS_PER_MS 1000000u
#define NS_PER_US 1000u
#define DURATION_MS_MAX 3600000u
#define PAUSE_US_MAX 1000000u

static struct side_options parse_options(int argc, char **argv)
{
    struct side_options options = {.duration_ns = 1000u * NS_PER_MS, .batch = 1};
    enum { WARMUP = 1, DURATION, PAUSE, SLEEP, BATCH, ADDRESS };
    static const struct option names[] = {
        {"warmup-ms", required_argument, NULL, WARMUP},
        {"duration-ms", required_argument, NULL, DURATION},
        {"pause-us", required_argument, NULL, PAUSE},
        {"sleep", no_argument, NULL, SLEEP},
        {"batch", required_argument, NULL, BATCH},
        {"address", required_argument, NULL, ADDRESS},
        {NULL, 0, NULL, 0},
    };
    int option;
    // Without a colon in front, getopt_long() itself says which option is unknown.
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case WARMUP:
            options.warmup_ns =
                NS_PER_MS * program_number("--warmup-ms", optarg, 0, DURATION_MS_MAX);
            break;
        case DURATION:
            options.duration_ns =
                NS_PER_MS * program_number("--duration-ms", optarg, 1, DURATION_MS_MAX);
            break;
        case PAUSE:
            options.pause_ns = NS_PER_US * program_number("--pause-us", optarg, 0, PAUSE_US_MAX);
            break;
        case SLEEP:
            options.sleeps = true;
            break;
        case BATCH:
            options.batch =
                (uint32_t)program_number("--batch", optarg, 1, MESSAGES_PER_TURN_MAX);
            break;
        case ADDRESS:
            options.address = optarg;
            break;
        default:
            exit(2);
        }
    }
    return options;
}

int side_main(int argc, char **argv, const struct side_roles *roles)
{
    struct side_options options = parse_options(argc, argv);
    const char *role = argc - optind == 1 ? argv[optind] : "";
    if (strcmp(role, "send") == 0) {
        roles->send(&options);
    } else if (strcmp(role, "receive") == 0) {
        roles->receive(&options);
    } else if (strcmp(role, "answer") == 0) {
        roles->answer(&options);
    } else if (strcmp(role, "call") == 0) {
        roles->call(&options);
    }
    program_fail(2, "takes one role: send, receive, answer or call");
}

void side_ready(const char *address)
{
    if (address == NULL) {
        puts("{\"event\":\"ready\"}");
    } else {
        printf("{\"event\":\"ready\",\"address\":\"%s\"}\n", address);
    }
    fflush(stdout);
}

unsigned char *side_map_memory(void)
{
    void *memory = mmap(NULL, 2 * RING_STRIDE_BYTES, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_POPULATE, MEMORY_FD, 0);
    if (memory == MAP_FAILED) {
        program_fail(1, "the memory cannot be mapped: %s", strerror(errno));
    }
    return memory;
}

void side_ring_bell(void)
{
    if (eventfd_write(BELL_FD, 1) != 0) {
        program_fail(1, "the bell cannot be rung: %s", strerror(errno));
    }
}

void side_wait_for_bell(void)
{
    struct pollfd polled = {.fd = BELL_FD, .events = POLLIN};
    eventfd_t bells;
    // The eventfd does not block.
    if (poll(&polled, 1, -1) != 1 || eventfd_read(BELL_FD, &bells) != 0) {
        program_fail(1, "the bell cannot be waited for: %s", strerror(errno));
    }
}
