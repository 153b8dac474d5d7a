// Loads a bridge over loopback and says what it did: many connections, each with a stream through the
// core, and blocks of samples on their way on each, in one thread. It speaks proto/carillon.proto.
//
//   bridge_load --port N [--connections N] [--active N] [--samples N] [--depth N] [--rate N]
//               [--slow N] [--work none|gain|biquads] [--warmup-ms N] [--duration-ms N] [--stall-ms N]
//               [--server-pid PID] [--core-pid PID] [--hold]
//
// Every connection says Hello and is welcomed. The active ones, spread evenly among all, open a stream
// and get one block there and back. Then they exchange blocks; the others stay open and silent. The next
// block of a connection goes out when one has come back, so that --depth of them are on their way; or,
// with --rate, as many a second on all connections together go out when their time has come, whatever
// comes back, and how long one took counts from that time. One that finds --depth of its connection on
// their way is not sent but counted, in "missed".
//
// Of the active ones, the first --slow send as much as goes and do not read until the measurement is
// over; then they read everything. How long their blocks take does not count.
//
// Everything that comes back is checked. Always: its stream, its sequence, its length and, where the
// core does the same to every sample, the first one, which carries the sequence. All samples of a
// connection's first block, and of one block in SAMPLE_EVERY: those of filters to a hundred-thousandth.
// What is expected comes from the firmware's own effects.
//
// --hold and what is printed are as in echo_load.
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

#include "common/program.h"
#include "common/wire.h"
#include "load/bridge_connection.h"
#include "load/bridge_samples.h"
#include "load/load.h"
#include "load/load_options.h"
#include "load/load_run.h"

enum {
    // A record is at most a quarter of a ring of 256 KiB, with its header.
    SAMPLES_MAX = 16 * 1024 - 4,
    RATE_MAX = 10 * 1000 * 1000,
    // Blocks of a slow connection: more than all sockets and queues between hold.
    SLOW_BYTES = 32 * 1024 * 1024,
    // Frames of all connections together. They are in memory.
    FRAMES_BYTES_MAX = 1024 * 1024 * 1024,
};

// What it takes beside what every load generator takes.
static uint64_t samples_count = 64;
static uint64_t slow_count;
static uint64_t core_pid;
static struct connection *connections;
static struct connection **paced; // those that send at a rate
static uint32_t paced_count;
static uint64_t rate_from_ns;
static uint64_t rate_due; // blocks whose time has come since then
static uint64_t missed;

static void start_connection(uint32_t index)
{
    struct connection *connection = &connections[index];
    static uint32_t slow;
    connection->index = index;
    connection->is_active = load_is_active(index);
    connection->is_slow = connection->is_active && slow < slow_count;
    if (connection->is_slow) {
        slow++;
    } else if (connection->is_active) {
        paced[paced_count++] = connection;
    }
    uint32_t more = connection->is_slow ? SLOW_BYTES / (uint32_t)bridge_load.slot_bytes : 0;
    connection_start(connection, load_options.depth + more);
}

static void on_event(struct connection *connection, uint32_t events)
{
    if (connection->stage == STAGE_CONNECTING) {
        if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
            load_check_connected(connection->fd, connection->index, load_options.connections);
            connection_say_hello(connection);
        }
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        connection_send_queued(connection);
    }
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
        connection_receive(connection);
    }
}

static uint64_t due_at_ns(uint64_t number)
{
    return rate_from_ns + (uint64_t)((double)number * 1e9 / (double)bridge_load.rate);
}

// Sends the blocks whose time has come, the connections in turn.
static void send_due(void)
{
    uint64_t now = connection_now_ns();
    for (; due_at_ns(rate_due) <= now; rate_due++) {
        struct connection *connection = paced[rate_due % paced_count];
        if (connection->queued - connection->received == connection->depth) {
            missed += load_run.phase == LOAD_MEASURING ? 1 : 0;
            continue;
        }
        connection_queue_block(connection, due_at_ns(rate_due));
        if ((connection->watched & EPOLLOUT) == 0) {
            connection_send_queued(connection);
        }
    }
}

// One turn of the loop: waits for events, at most until the next block is due or for a tick, and
// handles them.
static void turn(void)
{
    struct timespec timeout = {.tv_nsec = LOAD_TICK_MS * LOAD_NS_PER_MS};
    bool is_sending = load_run.phase == LOAD_WARMING_UP || load_run.phase == LOAD_MEASURING;
    if (bridge_load.rate > 0 && is_sending) {
        send_due();
        uint64_t now = connection_now_ns();
        uint64_t next = due_at_ns(rate_due);
        uint64_t wait = next > now ? next - now : 0;
        if (wait < (uint64_t)timeout.tv_nsec) {
            timeout.tv_nsec = (long)wait;
        }
    }
    struct epoll_event events[LOAD_EVENTS_MAX];
    int count = epoll_pwait2(bridge_load.epoll_fd, events, LOAD_EVENTS_MAX, &timeout, NULL);
    if (count < 0 && errno != EINTR) {
        program_fail(1, "epoll_pwait2: %s", strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        on_event(events[i].data.ptr, events[i].events);
    }
}

// A slow one sends all that it has. The others begin.
static void begin(void)
{
    rate_from_ns = connection_now_ns();
    for (uint32_t i = 0; i < load_options.connections; i++) {
        struct connection *connection = &connections[i];
        if (connection->is_slow) {
            connection_send_blocks(connection, connection->depth);
        } else if (connection->is_active && bridge_load.rate == 0) {
            connection_send_blocks(connection, connection->depth);
        }
    }
}

static void stop(void)
{
    for (uint32_t i = 0; i < load_options.connections; i++) {
        connection_watch(&connections[i]);
    }
}

static void print_members(void)
{
    printf("\"missed\":%llu,", (unsigned long long)missed);
}

static void parse_options(int argc, char **argv)
{
    const char *work_name = "none";
    const struct load_option own[] = {
        {"samples", 1, SAMPLES_MAX, &samples_count, NULL},
        {"rate", 0, RATE_MAX, &bridge_load.rate, NULL},
        {"slow", 0, LOAD_CONNECTIONS_MAX, &slow_count, NULL},
        {"core-pid", 1, INT32_MAX, &core_pid, NULL},
        {"work", 0, 0, NULL, &work_name},
        {NULL, 0, 0, NULL, NULL},
    };
    load_parse_options(argc, argv, own);
    bridge_load.work = work_find(work_name);
    if (bridge_load.work == NULL) {
        program_fail(2, "--work is none, gain or biquads");
    }
    if (slow_count >= load_options.active) {
        program_fail(2, "--slow is less than --active");
    }
    bridge_load.data_bytes = (uint32_t)(samples_count * sizeof(float));
    bridge_load.slot_bytes = WIRE_SAMPLES_HEADER_BYTES_MAX + bridge_load.data_bytes;
    if (bridge_load.slot_bytes * load_options.depth * load_options.active + slow_count * SLOW_BYTES >
        FRAMES_BYTES_MAX) {
        program_fail(2, "the blocks on their way are at most %d MiB",
                     FRAMES_BYTES_MAX / (1024 * 1024));
    }
}

int main(int argc, char **argv)
{
    parse_options(argc, argv);
    load_check_files(load_options.connections);
    // Else a wait would take 50 us longer than it was told.
    prctl(PR_SET_TIMERSLACK, 1);
    bridge_load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (bridge_load.epoll_fd < 0) {
        program_fail(1, "epoll_create1: %s", strerror(errno));
    }
    samples_make(bridge_load.work, (uint32_t)samples_count);
    connections = load_allocate(load_options.connections, sizeof *connections);
    paced = load_allocate(load_options.active, sizeof *paced);
    const struct load_generator generator = {
        .start_connection = start_connection,
        .turn = turn,
        .begin = begin,
        .stop = stop,
        .print_members = print_members,
        .message_bytes = bridge_load.data_bytes,
    };
    const struct load_process processes[] = {
        {"serverCpuS", load_options.server_pid},
        {"coreCpuS", (pid_t)core_pid},
        {NULL, 0},
    };
    load_execute(&generator, processes);
    return 0;
}
