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
#include "load/load_options.h"
#include "load/load_run.h"

enum {
    // The sequence number is in the payload.
    SIZE_MIN = 8,
    SIZE_MAX_BYTES = 1024 * 1024,
    // Frames of the active connections, together. They are in memory.
    FRAMES_BYTES_MAX = 1024 * 1024 * 1024,
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

static int epoll_fd;
static size_t frame_bytes;
static struct connection *connections;
static uint32_t until_sample = LOAD_SAMPLE_EVERY;
static uint64_t size = 64;

static void watch(struct connection *connection, int operation, uint32_t events)
{
    load_watch(epoll_fd, operation, connection->fd, events, connection);
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
    uint32_t length = htonl((uint32_t)size);
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
    connection->depth = load_is_active(index) ? load_options.depth : 1;
    connection->frames = load_allocate(connection->depth, frame_bytes);
    connection->queued_at_ns = load_allocate(connection->depth, sizeof(uint64_t));
    connection->in = load_allocate(connection->depth, frame_bytes);
    fill_frames(connection);

    connection->fd = load_connect(load_options.port, index, load_options.connections);
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
    load_run.unanswered += count;
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
    bool is_sample = load_run.phase == LOAD_PREPARING || --until_sample == 0;
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
        if (ntohl(length) != size) {
            load_fail_server("connection %u: a message of %u bytes came back, not %u",
                        connection->index + 1, ntohl(length), (uint32_t)size);
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
        if (took_ns != together_ns && together > 0 && load_run.phase == LOAD_MEASURING) {
            histogram_record(&load_run.latencies_ns, together_ns, together);
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
    if (together > 0 && load_run.phase == LOAD_MEASURING) {
        histogram_record(&load_run.latencies_ns, together_ns, together);
    }
    connection->in_bytes -= at;
    memmove(connection->in, connection->in + at, connection->in_bytes);
    load_run.unanswered -= taken;
    return taken;
}

// Its first message has come back.
static void greet(struct connection *connection)
{
    load_run.ready++;
    if (load_is_active(connection->index)) {
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
    size_t count = load_receive(connection->fd, connection->index,
                                connection->in + connection->in_bytes, room);
    if (count == 0) {
        return;
    }
    uint64_t now = load_now_ns(CLOCK_MONOTONIC);
    load_run.progress_at_ns = now;
    connection->in_bytes += count;
    if (connection->received == connection->queued) {
        load_fail_server("connection %u: bytes came that nobody asked for", connection->index + 1);
    }
    bool was_new = connection->received == 0;
    uint32_t taken = take_messages(connection, now);
    if (load_run.phase == LOAD_PREPARING) {
        if (was_new && taken > 0) {
            greet(connection);
        }
    } else if (load_run.phase != LOAD_DRAINING && taken > 0) {
        send_messages(connection, taken);
    }
}

static void on_event(struct connection *connection, uint32_t events)
{
    if (!connection->is_connected && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
        load_check_connected(connection->fd, connection->index, load_options.connections);
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

static void begin(void)
{
    for (uint32_t i = 0; i < load_options.connections; i++) {
        if (load_is_active(i)) {
            send_messages(&connections[i], load_options.depth);
        }
    }
}

int main(int argc, char **argv)
{
    const struct load_option own[] = {
        {"size", SIZE_MIN, SIZE_MAX_BYTES, &size, NULL},
        {NULL, 0, 0, NULL, NULL},
    };
    load_parse_options(argc, argv, own);
    frame_bytes = FRAME_HEADER_BYTES + size;
    if (frame_bytes * load_options.depth * load_options.active > FRAMES_BYTES_MAX) {
        program_fail(2, "--active times --depth times --size is at most %d MiB",
                     FRAMES_BYTES_MAX / (1024 * 1024));
    }
    load_check_files(load_options.connections);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0) {
        program_fail(1, "epoll_create1: %s", strerror(errno));
    }
    connections = load_allocate(load_options.connections, sizeof *connections);
    const struct load_generator generator = {
        .start_connection = start_connection,
        .turn = turn,
        .begin = begin,
        .message_bytes = size,
    };
    const struct load_process processes[] = {
        {"serverCpuS", load_options.server_pid},
        {NULL, 0},
    };
    load_execute(&generator, processes);
    return 0;
}
