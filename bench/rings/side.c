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
#include "load/histogram.h"

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

void message_refuse(const void *message, uint32_t sequence)
{
    const uint32_t *words = message;
    program_fail(1, "message %u came as another one, which begins with %u and ends with %u",
                 sequence, words[0], words[MESSAGE_WORDS - 1]);
}

static _Noreturn void window_end(const struct window *window, uint64_t elapsed_ns)
{
    double elapsed_s = (double)elapsed_ns / 1e9;
    printf("{\"event\":\"result\",\"messages\":%llu,\"elapsedS\":%.9f,\"messagesPerS\":%.3f}\n",
           (unsigned long long)window->messages, elapsed_s, (double)window->messages / elapsed_s);
    exit(0);
}

void window_look(struct window *window)
{
    if (window->messages == 0) {
        return;
    }
    uint64_t now = now_ns();
    uint64_t elapsed_ns = now - window->begin_ns;
    switch (window->state) {
    case WINDOW_WAITS:
        window->state = WINDOW_WARMS_UP;
        window->begin_ns = now;
        break;
    case WINDOW_WARMS_UP:
        if (elapsed_ns >= window->options->warmup_ns) {
            window->state = WINDOW_COUNTS;
            window->begin_ns = now;
            window->messages = 0;
        }
        break;
    case WINDOW_COUNTS:
        if (elapsed_ns >= window->options->duration_ns) {
            window_end(window, elapsed_ns);
        }
        break;
    }
}

static struct {
    struct histogram latencies;
    uint64_t first_ns;
    uint64_t count_from_ns;
} trips;

uint64_t trip_begin(const struct side_options *options)
{
    uint64_t now = now_ns();
    if (options->pause_ns == 0) {
        return now;
    }
    uint64_t until = now + options->pause_ns;
    while (now < until) {
        spin_pause();
        now = now_ns();
    }
    return now;
}

static double microseconds(double quantile)
{
    return (double)histogram_quantile(&trips.latencies, quantile) / NS_PER_US;
}

static _Noreturn void trips_end(uint64_t elapsed_ns)
{
    double elapsed_s = (double)elapsed_ns / 1e9;
    unsigned long long count = trips.latencies.count;
    printf("{\"event\":\"result\",\"messages\":%llu,\"elapsedS\":%.9f,\"messagesPerS\":%.3f,"
           "\"p50Us\":%.3f,\"p99Us\":%.3f,\"p999Us\":%.3f}\n",
           count, elapsed_s, (double)count / elapsed_s, microseconds(0.5), microseconds(0.99),
           microseconds(0.999));
    exit(0);
}

void trip_end(const struct side_options *options, uint64_t begin_ns)
{
    uint64_t now = now_ns();
    if (trips.first_ns == 0) {
        // The first one may have waited for the other side's start.
        trips.first_ns = now;
        return;
    }
    if (trips.count_from_ns == 0) {
        if (now - trips.first_ns >= options->warmup_ns) {
            trips.count_from_ns = now;
        }
        return;
    }
    histogram_record(&trips.latencies, now - begin_ns, 1);
    if (now - trips.count_from_ns >= options->duration_ns) {
        trips_end(now - trips.count_from_ns);
    }
}
