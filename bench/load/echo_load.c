// Loads an echo server over loopback and says what it did: many connections, each with a number of
// messages on their way, in one thread. A message is its length in four bytes, big-endian, and its
// payload; the next one goes out when one has come back.
//
//   echo_load --port N [--connections N] [--active N] [--size BYTES] [--depth N]
//             [--warmup-ms N] [--duration-ms N] [--stall-ms N] [--server-pid PID] [--hold]
//
// Every connection first gets one message there and back, so all of them are known to be served.
// Then the active ones, spread evenly among all, exchange messages; the others stay open. Everything
// that comes back is checked: its length, its connection and sequence number always, every byte of
// one message in LOAD_SAMPLE_EVERY.
//
// With --hold it says {"event":"connected"} when all are connected, and goes on when it gets a line:
// meanwhile somebody can look at the server's memory. At the end it prints one line of JSON. Where
// the server closes, stalls, or answers something else, it says so and exits with 1.
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "common/program.h"
#include "load/histogram.h"
#include "load/load.h"

enum {
    // The sequence number is in the payload.
    SIZE_MIN = 8,
    SIZE_MAX_BYTES = 1024 * 1024,
    DEPTH_MAX = 1024,
    // Frames of the active connections, together. They are in memory.
    FRAMES_BYTES_MAX = 1024 * 1024 * 1024,
};

struct options {
    uint16_t port;
    uint32_t connections;
    uint32_t active;
    uint32_t size;
    uint32_t depth;
    uint64_t warmup_ns;
    uint64_t duration_ns;
    uint64_t stall_ns;
    pid_t server_pid;
    bool hold;
};

// Message `n` of a connection lies in slot n % depth of `frames` from when it is queued until it has
// come back, so it can be sent, and compared, where it lies.
struct connection {
    int fd;
    uint32_t index;
    uint32_t depth;
    uint32_t queue_slot;
    uint32_t receive_slot;
    bool is_connected;
    bool waits_to_write;
    uint64_t queued;
    uint64_t received;
    // Of the queued bytes, those that the kernel has not taken; and where in `frames` they begin.
    size_t unsent_bytes;
    size_t unsent_at;
    unsigned char *frames;
    uint64_t *queued_at_ns;
    // Room for all that can be on its way.
    unsigned char *in;
    size_t in_bytes;
};

enum phase { CONNECTING, WARMING_UP, MEASURING, DRAINING };

static struct options options = {
    .connections = 1,
    .size = 64,
    .depth = 1,
    .warmup_ns = 500ull * LOAD_NS_PER_MS,
    .duration_ns = 2000ull * LOAD_NS_PER_MS,
    .stall_ns = 5000ull * LOAD_NS_PER_MS,
};
static enum phase phase = CONNECTING;
static int epoll_fd;
static size_t frame_bytes;
static struct connection *connections;
static uint32_t started;   // connections
static uint32_t greeted;   // connections whose first message has come back
static uint64_t unanswered; // messages
static uint32_t until_sample = LOAD_SAMPLE_EVERY;
static uint64_t progress_at_ns;
static struct histogram latencies_ns;

static void watch(struct connection *connection, int operation, uint32_t events)
{
    load_watch(epoll_fd, operation, connection->fd, events, connection);
}

static bool is_active(uint32_t index)
{
    // Evenly spread: where index * active / connections takes a step.
    uint64_t active = options.active;
    return (index + 1) * active / options.connections > index * active / options.connections;
}

static unsigned char *slot(const struct connection *connection, uint32_t number)
{
    return connection->frames + number * frame_bytes;
}

static uint64_t sequence(const struct connection *connection, uint64_t number)
{
    // 2^48 messages last longer than any run.
    return (uint64_t)connection->index << 48 | number;
}

// Headers, and payloads that are not alike from slot to slot and from connection to connection.
static void fill_frames(struct connection *connection)
{
    uint32_t length = htonl(options.size);
    uint32_t state = 2463534242u + connection->index;
    for (uint32_t i = 0; i < connection->depth; i++) {
        unsigned char *frame = slot(connection, i);
        memcpy(frame, &length, FRAME_HEADER_BYTES);
        for (size_t at = FRAME_HEADER_BYTES; at < frame_bytes; at++) {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            frame[at] = (unsigned char)state;
        }
    }
}

static void start_connection(uint32_t index)
{
    struct connection *connection = &connections[index];
    connection->index = index;
    connection->depth = is_active(index) ? options.depth : 1;
    connection->frames = load_allocate(connection->depth, frame_bytes);
    connection->queued_at_ns = load_allocate(connection->depth, sizeof(uint64_t));
    connection->in = load_allocate(connection->depth, frame_bytes);
    fill_frames(connection);

    connection->fd = load_connect(options.port, index, options.connections);
    watch(connection, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
    connection->waits_to_write = true;
}

// Sends what is queued, as far as the kernel takes it.
static void send_queued(struct connection *connection)
{
    size_t ring_bytes = connection->depth * frame_bytes;
    size_t first = ring_bytes - connection->unsent_at;
    if (first > connection->unsent_bytes) {
        first = connection->unsent_bytes;
    }
    struct iovec parts[2] = {
        {.iov_base = connection->frames + connection->unsent_at, .iov_len = first},
        {.iov_base = connection->frames, .iov_len = connection->unsent_bytes - first},
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = parts[1].iov_len > 0 ? 2 : 1};
    ssize_t sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            load_fail_server("the server broke connection %u off: %s", connection->index + 1,
                        strerror(errno));
        }
        sent = 0;
    }
    connection->unsent_bytes -= (size_t)sent;
    connection->unsent_at += (size_t)sent;
    if (connection->unsent_at >= ring_bytes) {
        connection->unsent_at -= ring_bytes;
    }
    bool must_wait = connection->unsent_bytes > 0;
    if (must_wait != connection->waits_to_write) {
        connection->waits_to_write = must_wait;
        watch(connection, EPOLL_CTL_MOD, must_wait ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

// Queues as many messages and sends what goes. One look at the clock for all of them.
static void send_messages(struct connection *connection, uint32_t count)
{
    uint64_t now = load_now_ns(CLOCK_MONOTONIC);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t number = sequence(connection, connection->queued++);
        memcpy(slot(connection, connection->queue_slot) + FRAME_HEADER_BYTES, &number,
               sizeof number);
        connection->queued_at_ns[connection->queue_slot] = now;
        if (++connection->queue_slot == connection->depth) {
            connection->queue_slot = 0;
        }
    }
    connection->unsent_bytes += count * frame_bytes;
    unanswered += count;
    // While the kernel takes no more, its word that it does again sends these as well.
    if (!connection->waits_to_write || !connection->is_connected) {
        connection->is_connected = true;
        send_queued(connection);
    }
}

static void check_frame(const struct connection *connection, const unsigned char *frame)
{
    const unsigned char *expected = slot(connection, connection->receive_slot);
    uint64_t number;
    memcpy(&number, frame + FRAME_HEADER_BYTES, sizeof number);
    if (number != sequence(connection, connection->received)) {
        load_fail_server("connection %u: message %llu came back as another one", connection->index + 1,
                    (unsigned long long)connection->received);
    }
    bool is_sample = phase == CONNECTING || --until_sample == 0;
    if (is_sample && memcmp(frame, expected, frame_bytes) != 0) {
        load_fail_server("connection %u: message %llu came back changed", connection->index + 1,
                    (unsigned long long)connection->received);
    }
    if (until_sample == 0) {
        until_sample = LOAD_SAMPLE_EVERY;
    }
}

// Takes the whole messages that have come back. Returns how many.
static uint32_t take_messages(struct connection *connection, uint64_t now)
{
    uint32_t taken = 0;
    size_t at = 0;
    // Messages that were sent together took equally long: they are counted together.
    uint64_t together_ns = 0;
    uint64_t together = 0;
    while (connection->in_bytes - at >= FRAME_HEADER_BYTES) {
        const unsigned char *frame = connection->in + at;
        uint32_t length;
        memcpy(&length, frame, FRAME_HEADER_BYTES);
        if (ntohl(length) != options.size) {
            load_fail_server("connection %u: a message of %u bytes came back, not %u",
                        connection->index + 1, ntohl(length), options.size);
        }
        if (connection->in_bytes - at < frame_bytes) {
            break;
        }
        if (connection->received == connection->queued) {
            load_fail_server("connection %u: more messages came back than were sent",
                        connection->index + 1);
        }
        check_frame(connection, frame);
        uint64_t took_ns = now - connection->queued_at_ns[connection->receive_slot];
        if (took_ns != together_ns && together > 0 && phase == MEASURING) {
            histogram_record(&latencies_ns, together_ns, together);
            together = 0;
        }
        together_ns = took_ns;
        together++;
        connection->received++;
        if (++connection->receive_slot == connection->depth) {
            connection->receive_slot = 0;
        }
        taken++;
        at += frame_bytes;
    }
    if (together > 0 && phase == MEASURING) {
        histogram_record(&latencies_ns, together_ns, together);
    }
    connection->in_bytes -= at;
    memmove(connection->in, connection->in + at, connection->in_bytes);
    unanswered -= taken;
    return taken;
}

// Its first message has come back.
static void greet(struct connection *connection)
{
    greeted++;
    if (is_active(connection->index)) {
        return;
    }
    // It stays open, and is silent from now on. What is not asked for would still be noticed.
    free(connection->frames);
    free(connection->queued_at_ns);
    connection->frames = NULL;
    connection->queued_at_ns = NULL;
}

static void receive(struct connection *connection)
{
    size_t room = connection->depth * frame_bytes - connection->in_bytes;
    ssize_t count = recv(connection->fd, connection->in + connection->in_bytes, room, 0);
    if (count == 0) {
        load_fail_server("the server closed connection %u", connection->index + 1);
    }
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR) {
            return;
        }
        load_fail_server("the server broke connection %u off: %s", connection->index + 1,
                    strerror(errno));
    }
    uint64_t now = load_now_ns(CLOCK_MONOTONIC);
    progress_at_ns = now;
    connection->in_bytes += (size_t)count;
    if (connection->received == connection->queued) {
        load_fail_server("connection %u: bytes came that nobody asked for", connection->index + 1);
    }
    bool was_new = connection->received == 0;
    uint32_t taken = take_messages(connection, now);
    if (phase == CONNECTING) {
        if (was_new && taken > 0) {
            greet(connection);
        }
    } else if (phase != DRAINING && taken > 0) {
        send_messages(connection, taken);
    }
}

static void on_event(struct connection *connection, uint32_t events)
{
    if (!connection->is_connected && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
        load_check_connected(connection->fd, connection->index, options.connections);
        send_messages(connection, 1);
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        send_queued(connection);
    }
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
        receive(connection);
    }
}

// One turn of the loop: waits for events, at most for a tick, and handles them.
static void turn(void)
{
    struct epoll_event events[LOAD_EVENTS_MAX];
    int count = epoll_wait(epoll_fd, events, LOAD_EVENTS_MAX, LOAD_TICK_MS);
    if (count < 0 && errno != EINTR) {
        program_fail(1, "epoll_wait: %s", strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        on_event(events[i].data.ptr, events[i].events);
    }
}

static void check_stall(uint64_t since_ns, const char *what)
{
    load_check_stall(since_ns, options.stall_ns, what);
}

static void connect_all(void)
{
    progress_at_ns = load_now_ns(CLOCK_MONOTONIC);
    while (greeted < options.connections) {
        while (started < options.connections && started - greeted < LOAD_CONNECTING_MAX) {
            start_connection(started++);
        }
        turn();
        check_stall(progress_at_ns, "nothing came back while connecting");
    }
}

static void exchange_until(uint64_t end_ns)
{
    while (load_now_ns(CLOCK_MONOTONIC) < end_ns) {
        turn();
        check_stall(progress_at_ns, "nothing came back");
    }
}

// Waits for everything that is still on its way.
static void drain(void)
{
    uint64_t since_ns = load_now_ns(CLOCK_MONOTONIC);
    while (unanswered > 0) {
        turn();
        check_stall(since_ns, "not everything came back");
    }
}

static void run(void)
{
    clockid_t server_clock = options.server_pid == 0 ? CLOCK_PROCESS_CPUTIME_ID
                                                     : load_process_clock(options.server_pid);
    connect_all();
    if (options.hold) {
        load_hold(options.connections, options.stall_ns);
    }
    phase = WARMING_UP;
    progress_at_ns = load_now_ns(CLOCK_MONOTONIC);
    for (uint32_t i = 0; i < options.connections; i++) {
        if (is_active(i)) {
            send_messages(&connections[i], options.depth);
        }
    }
    exchange_until(load_now_ns(CLOCK_MONOTONIC) + options.warmup_ns);

    phase = MEASURING;
    uint64_t own_cpu_ns = load_now_ns(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t server_cpu_ns = load_now_ns(server_clock);
    uint64_t from_ns = load_now_ns(CLOCK_MONOTONIC);
    exchange_until(from_ns + options.duration_ns);
    // Of nothing there are no figures: on a machine that does much else a short time may see nothing.
    while (latencies_ns.count == 0) {
        exchange_until(load_now_ns(CLOCK_MONOTONIC) + LOAD_TICK_MS * LOAD_NS_PER_MS);
    }
    double elapsed_s = (double)(load_now_ns(CLOCK_MONOTONIC) - from_ns) / 1e9;
    server_cpu_ns = load_now_ns(server_clock) - server_cpu_ns;
    own_cpu_ns = load_now_ns(CLOCK_PROCESS_CPUTIME_ID) - own_cpu_ns;

    phase = DRAINING;
    drain();

    double messages_per_s = (double)latencies_ns.count / elapsed_s;
    printf("{\"event\":\"result\",\"messages\":%llu,\"elapsedS\":%.6f,\"messagesPerS\":%.1f,"
           "\"bytesPerS\":%.0f,",
           (unsigned long long)latencies_ns.count, elapsed_s, messages_per_s,
           messages_per_s * options.size);
    load_print_latencies(&latencies_ns);
    printf("\"loadCpuS\":%.6f,", (double)own_cpu_ns / 1e9);
    if (options.server_pid != 0) {
        printf("\"serverCpuS\":%.6f,", (double)server_cpu_ns / 1e9);
    }
    printf("\"errors\":0}\n");
}

static void parse_options(int argc, char **argv)
{
    enum { PORT, CONNECTIONS, ACTIVE, SIZE, DEPTH, WARMUP, DURATION, STALL, SERVER_PID, HOLD };
    static const struct option names[] = {
        {"port", required_argument, NULL, PORT},
        {"connections", required_argument, NULL, CONNECTIONS},
        {"active", required_argument, NULL, ACTIVE},
        {"size", required_argument, NULL, SIZE},
        {"depth", required_argument, NULL, DEPTH},
        {"warmup-ms", required_argument, NULL, WARMUP},
        {"duration-ms", required_argument, NULL, DURATION},
        {"stall-ms", required_argument, NULL, STALL},
        {"server-pid", required_argument, NULL, SERVER_PID},
        {"hold", no_argument, NULL, HOLD},
        {NULL, 0, NULL, 0},
    };
    int option;
    // Without a colon in front, getopt_long() itself says which option is unknown.
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case PORT:
            options.port = (uint16_t)program_number("--port", optarg, 1, UINT16_MAX);
            break;
        case CONNECTIONS:
            options.connections =
                (uint32_t)program_number("--connections", optarg, 1, LOAD_CONNECTIONS_MAX);
            break;
        case ACTIVE:
            options.active = (uint32_t)program_number("--active", optarg, 1, LOAD_CONNECTIONS_MAX);
            break;
        case SIZE:
            options.size = (uint32_t)program_number("--size", optarg, SIZE_MIN, SIZE_MAX_BYTES);
            break;
        case DEPTH:
            options.depth = (uint32_t)program_number("--depth", optarg, 1, DEPTH_MAX);
            break;
        case WARMUP:
            options.warmup_ns =
                LOAD_NS_PER_MS * program_number("--warmup-ms", optarg, 0, LOAD_DURATION_MS_MAX);
            break;
        case DURATION:
            options.duration_ns =
                LOAD_NS_PER_MS * program_number("--duration-ms", optarg, 1, LOAD_DURATION_MS_MAX);
            break;
        case STALL:
            options.stall_ns = LOAD_NS_PER_MS * program_number("--stall-ms", optarg, 1, LOAD_DURATION_MS_MAX);
            break;
        case SERVER_PID:
            options.server_pid = (pid_t)program_number("--server-pid", optarg, 1, INT32_MAX);
            break;
        case HOLD:
            options.hold = true;
            break;
        default:
            exit(2);
        }
    }
    if (optind < argc) {
        program_fail(2, "\"%s\" is not an option", argv[optind]);
    }
    if (options.port == 0) {
        program_fail(2, "--port N says where the server listens");
    }
    if (options.active == 0) {
        options.active = options.connections;
    }
    if (options.active > options.connections) {
        program_fail(2, "--active is at most --connections");
    }
    frame_bytes = FRAME_HEADER_BYTES + options.size;
    if (frame_bytes * options.depth * options.active > FRAMES_BYTES_MAX) {
        program_fail(2, "--active times --depth times --size is at most %d MiB",
                     FRAMES_BYTES_MAX / (1024 * 1024));
    }
}

int main(int argc, char **argv)
{
    parse_options(argc, argv);
    load_check_files(options.connections);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0) {
        program_fail(1, "epoll_create1: %s", strerror(errno));
    }
    connections = load_allocate(options.connections, sizeof *connections);
    run();
    return 0;
}
