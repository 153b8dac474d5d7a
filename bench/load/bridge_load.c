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
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/program.h"
#include "common/wire.h"
#include "load/bridge_samples.h"
#include "load/bridge_work.h"
#include "load/histogram.h"
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
    // Ends of frames that are sent in one call.
    PARTS_MAX = 64,
    // What is received at a time, at least: a Welcome and more.
    IN_BYTES_MIN = 8 * 1024,
    IN_BYTES_MAX = 256 * 1024,
};

enum stage { STAGE_CONNECTING, STAGE_HELLO, STAGE_OPENING, STAGE_FIRST, STAGE_READY };

// Block `n` of a connection lies in slot n % depth from when it is queued until it has come back. A slot
// is what stands before the samples, ending where they begin, and the samples.
struct connection {
    int fd;
    uint32_t index;
    enum stage stage;
    bool is_active;
    bool is_slow;
    uint32_t watched;
    uint32_t depth;
    uint32_t stream;
    float scale;
    uint64_t queued;
    uint64_t sent;
    uint64_t received;
    size_t part_sent; // bytes of the block `sent`
    unsigned char *slots;
    uint64_t *queued_at_ns;
    unsigned char *header_bytes; // of each slot
    unsigned char *in;
    size_t in_capacity;
    size_t in_bytes;
};

// What it takes beside what every load generator takes.
static uint64_t samples_count = 64;
static uint64_t slow_count;
static uint64_t rate;
static uint64_t core_pid;
static const struct work *work;
static int epoll_fd;
static uint32_t data_bytes;
static size_t slot_bytes;
static struct connection *connections;
static struct connection **paced; // those that send at a rate
static uint32_t paced_count;
static uint32_t until_sample = LOAD_SAMPLE_EVERY;
static uint64_t rate_from_ns;
static uint64_t rate_due; // blocks whose time has come since then
static uint64_t missed;

static uint64_t now_ns(void)
{
    return load_now_ns(CLOCK_MONOTONIC);
}

static unsigned char *slot_samples(const struct connection *connection, uint64_t number)
{
    return connection->slots + (number % connection->depth) * slot_bytes +
           WIRE_SAMPLES_HEADER_BYTES_MAX;
}

static void watch(struct connection *connection)
{
    // A slow one does not want to know that there is something to read.
    bool reads = !connection->is_slow || connection->stage != STAGE_READY ||
                 load_run.phase == LOAD_DRAINING;
    bool writes = connection->stage == STAGE_CONNECTING || connection->sent < connection->queued;
    uint32_t wanted = (reads ? EPOLLIN : 0u) | (writes ? EPOLLOUT : 0u);
    if (wanted != connection->watched) {
        connection->watched = wanted;
        load_watch(epoll_fd, EPOLL_CTL_MOD, connection->fd, wanted, connection);
    }
}

static void start_connection(uint32_t index)
{
    struct connection *connection = &connections[index];
    static uint32_t slow;
    connection->index = index;
    connection->is_active = load_is_active(index);
    connection->is_slow = connection->is_active && slow < slow_count;
    slow += connection->is_slow ? 1 : 0;
    connection->depth = load_options.depth;
    connection->depth += connection->is_slow ? SLOW_BYTES / (uint32_t)slot_bytes : 0;
    // Powers of two lose nothing, so scaled samples are as good as any.
    connection->scale = 1.0f / (float)(1u << index % 8);
    connection->in_capacity = IN_BYTES_MIN;
    if (connection->is_active) {
        size_t all = connection->depth * slot_bytes;
        size_t least = all < IN_BYTES_MAX ? all : IN_BYTES_MAX;
        connection->in_capacity += least > 2 * slot_bytes ? least : 2 * slot_bytes;
        connection->slots = load_allocate(connection->depth, slot_bytes);
        connection->queued_at_ns = load_allocate(connection->depth, sizeof(uint64_t));
        connection->header_bytes = load_allocate(connection->depth, 1);
        for (uint32_t i = 0; i < connection->depth; i++) {
            samples_fill((float *)(void *)slot_samples(connection, i), connection->scale);
        }
        if (!connection->is_slow) {
            paced[paced_count++] = connection;
        }
    }
    connection->in = load_allocate(connection->in_capacity, 1);
    connection->fd = load_connect(load_options.port, index, load_options.connections);
    connection->watched = EPOLLIN | EPOLLOUT;
    load_watch(epoll_fd, EPOLL_CTL_ADD, connection->fd, connection->watched, connection);
}

static ssize_t send_parts(struct connection *connection, struct iovec *parts, size_t count)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    ssize_t sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            load_fail_server("the server broke connection %u off: %s", connection->index + 1,
                             strerror(errno));
        }
        return 0;
    }
    return sent;
}

// Sends a message that is no block. Nothing else is on its way, so the kernel has room for it.
static void send_request(struct connection *connection, uint32_t field, const unsigned char *body,
                         size_t body_bytes)
{
    unsigned char message[WORK_OPEN_BYTES_MAX + 32];
    unsigned char frame[WORK_OPEN_BYTES_MAX + 64];
    unsigned char *end = wire_put_number(message, WIRE_REQUEST, (uint64_t)connection->stage);
    end = wire_put_bytes(end, field, body, body_bytes);
    size_t bytes = (size_t)(end - message);
    end = wire_put_varint(frame, bytes);
    memcpy(end, message, bytes);
    struct iovec part = {.iov_base = frame, .iov_len = (size_t)(end - frame) + bytes};
    if (send_parts(connection, &part, 1) != (ssize_t)part.iov_len) {
        load_fail_server("connection %u takes no request", connection->index + 1);
    }
}

static void say_hello(struct connection *connection)
{
    static const char name[] = "bridge_load";
    unsigned char body[64];
    unsigned char *end = wire_put_number(body, 1, WIRE_PROTOCOL_VERSION);
    end = wire_put_bytes(end, 2, name, sizeof name - 1);
    connection->stage = STAGE_HELLO;
    send_request(connection, WIRE_HELLO, body, (size_t)(end - body));
    watch(connection);
}

static void open_stream(struct connection *connection)
{
    unsigned char body[WORK_OPEN_BYTES_MAX];
    unsigned char *end = work_put_open_stream(body, work);
    connection->stage = STAGE_OPENING;
    send_request(connection, WIRE_OPEN_STREAM, body, (size_t)(end - body));
}

// Sends what is queued, as far as the kernel takes it.
static void send_queued(struct connection *connection)
{
    while (connection->sent < connection->queued) {
        struct iovec parts[PARTS_MAX];
        size_t count = 0;
        size_t bytes = 0;
        for (uint64_t n = connection->sent; n < connection->queued && count < PARTS_MAX; n++) {
            size_t header = connection->header_bytes[n % connection->depth];
            size_t skipped = n == connection->sent ? connection->part_sent : 0;
            parts[count].iov_base = slot_samples(connection, n) - header + skipped;
            parts[count].iov_len = header + data_bytes - skipped;
            bytes += parts[count++].iov_len;
        }
        size_t left = (size_t)send_parts(connection, parts, count);
        bool is_all = left == bytes;
        for (size_t i = 0; i < count && left > 0; i++) {
            if (left < parts[i].iov_len) {
                connection->part_sent += left;
                break;
            }
            left -= parts[i].iov_len;
            connection->part_sent = 0;
            connection->sent++;
        }
        if (!is_all) {
            break;
        }
    }
    watch(connection);
}

static void queue_block(struct connection *connection, uint64_t at_ns)
{
    uint64_t number = connection->queued++;
    unsigned char *samples = slot_samples(connection, number);
    samples_put_stamp(samples, number);
    const struct wire_samples block = {.stream = connection->stream,
                                       .sequence = (uint32_t)number,
                                       .length = data_bytes};
    unsigned char *begin = wire_put_samples_header(samples, WIRE_CLIENT_SAMPLES, &block);
    connection->header_bytes[number % connection->depth] = (unsigned char)(samples - begin);
    connection->queued_at_ns[number % connection->depth] = at_ns;
    load_run.unanswered++;
}

// One look at the clock for all of them.
static void send_blocks(struct connection *connection, uint32_t count)
{
    uint64_t now = now_ns();
    for (uint32_t i = 0; i < count; i++) {
        queue_block(connection, now);
    }
    // While the kernel takes no more, its word that it does again sends these as well.
    if ((connection->watched & EPOLLOUT) == 0) {
        send_queued(connection);
    }
}

static void take_block(struct connection *connection, struct wire_reader reader, uint64_t now)
{
    struct wire_samples samples;
    if (!wire_read_samples(reader, &samples)) {
        load_fail_server("connection %u: a block came back as no message", connection->index + 1);
    }
    if (connection->received == connection->queued) {
        load_fail_server("connection %u: more blocks came back than were sent",
                         connection->index + 1);
    }
    if (samples.stream != connection->stream || samples.sequence != (uint32_t)connection->received) {
        load_fail_server("connection %u: block %llu came back as another one",
                         connection->index + 1, (unsigned long long)connection->received);
    }
    if (samples.length != data_bytes) {
        load_fail_server("connection %u: a block of %zu bytes came back, not %u",
                         connection->index + 1, samples.length, data_bytes);
    }
    if (!samples_have_stamp(samples.data, connection->received)) {
        load_fail_server("connection %u: block %llu came back with the samples of another one",
                         connection->index + 1, (unsigned long long)connection->received);
    }
    if (connection->received == 0 || --until_sample == 0) {
        if (!samples_are_right(samples.data, slot_samples(connection, connection->received),
                               connection->received, connection->scale)) {
            load_fail_server("connection %u: block %llu came back changed", connection->index + 1,
                             (unsigned long long)connection->received);
        }
        until_sample = LOAD_SAMPLE_EVERY;
    }
    if (load_run.phase == LOAD_MEASURING && !connection->is_slow) {
        histogram_record(&load_run.latencies_ns,
                         now - connection->queued_at_ns[connection->received % connection->depth],
                         1);
    }
    connection->received++;
    load_run.unanswered--;
}

static _Noreturn void fail_told(const struct connection *connection, struct wire_reader reader)
{
    struct wire_field field;
    struct wire_field why = {0};
    while (wire_read_field(&reader, &field)) {
        why = field.number == 2 ? field : why;
    }
    load_fail_server("connection %u: the server says: %.*s", connection->index + 1,
                     (int)(why.length < 300 ? why.length : 300),
                     why.bytes == NULL ? "" : (const char *)why.bytes);
}

static void take_opened(struct connection *connection, struct wire_reader reader)
{
    struct wire_field field;
    while (wire_read_field(&reader, &field)) {
        connection->stream = field.number == 1 ? (uint32_t)field.value : connection->stream;
    }
    connection->stage = STAGE_FIRST;
    send_blocks(connection, 1);
}

// What is told before the first block.
static void take_greeting(struct connection *connection, const struct wire_field *field)
{
    if (field->number == WIRE_WELCOME && connection->stage == STAGE_HELLO) {
        if (connection->is_active) {
            open_stream(connection);
        } else {
            connection->stage = STAGE_READY;
            load_run.ready++;
        }
    } else if (field->number == WIRE_STREAM_OPENED && connection->stage == STAGE_OPENING) {
        take_opened(connection, wire_inside(field));
    } else {
        load_fail_server("connection %u: a message came that nobody asked for",
                         connection->index + 1);
    }
}

// Returns how many blocks it was.
static uint32_t take_message(struct connection *connection, struct wire_reader reader, uint64_t now)
{
    struct wire_field field;
    while (wire_read_field(&reader, &field)) {
        if (field.number == WIRE_REQUEST) {
            continue;
        }
        if (field.bytes == NULL) {
            break;
        }
        if (field.number == WIRE_ERROR) {
            fail_told(connection, wire_inside(&field));
        }
        if (field.number != WIRE_SERVER_SAMPLES) {
            take_greeting(connection, &field);
            return 0;
        }
        take_block(connection, wire_inside(&field), now);
        return 1;
    }
    load_fail_server("connection %u: a message came that is none", connection->index + 1);
}

// Takes the whole messages that have come. Returns how many blocks came back.
static uint32_t take_messages(struct connection *connection, uint64_t now)
{
    uint32_t blocks = 0;
    size_t at = 0;
    for (;;) {
        struct wire_reader message;
        bool bad = false;
        size_t bytes =
            wire_frame(connection->in + at, connection->in_bytes - at, &message, &bad);
        if (bad) {
            load_fail_server("connection %u: what came is no message", connection->index + 1);
        }
        if (bytes == 0) {
            break;
        }
        blocks += take_message(connection, message, now);
        at += bytes;
    }
    connection->in_bytes -= at;
    memmove(connection->in, connection->in + at, connection->in_bytes);
    return blocks;
}

static void receive(struct connection *connection)
{
    size_t room = connection->in_capacity - connection->in_bytes;
    if (room == 0) {
        load_fail_server("connection %u: a message came that is longer than any asked for",
                         connection->index + 1);
    }
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
    load_run.progress_at_ns = now_ns();
    connection->in_bytes += (size_t)count;
    uint32_t blocks = take_messages(connection, load_run.progress_at_ns);
    if (blocks == 0) {
        return;
    }
    if (connection->stage == STAGE_FIRST) {
        connection->stage = STAGE_READY;
        load_run.ready++;
        watch(connection);
    } else if ((load_run.phase == LOAD_WARMING_UP || load_run.phase == LOAD_MEASURING) && rate == 0) {
        send_blocks(connection, blocks);
    }
}

static void on_event(struct connection *connection, uint32_t events)
{
    if (connection->stage == STAGE_CONNECTING) {
        if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
            load_check_connected(connection->fd, connection->index, load_options.connections);
            say_hello(connection);
        }
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        send_queued(connection);
    }
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
        receive(connection);
    }
}

static uint64_t due_at_ns(uint64_t number)
{
    return rate_from_ns + (uint64_t)((double)number * 1e9 / (double)rate);
}

// Sends the blocks whose time has come, the connections in turn.
static void send_due(void)
{
    uint64_t now = now_ns();
    for (; due_at_ns(rate_due) <= now; rate_due++) {
        struct connection *connection = paced[rate_due % paced_count];
        if (connection->queued - connection->received == connection->depth) {
            missed += load_run.phase == LOAD_MEASURING ? 1 : 0;
            continue;
        }
        queue_block(connection, due_at_ns(rate_due));
        if ((connection->watched & EPOLLOUT) == 0) {
            send_queued(connection);
        }
    }
}

// One turn of the loop: waits for events, at most until the next block is due or for a tick, and
// handles them.
static void turn(void)
{
    struct timespec timeout = {.tv_nsec = LOAD_TICK_MS * LOAD_NS_PER_MS};
    if (rate > 0 && (load_run.phase == LOAD_WARMING_UP || load_run.phase == LOAD_MEASURING)) {
        send_due();
        uint64_t now = now_ns();
        uint64_t next = due_at_ns(rate_due);
        uint64_t wait = next > now ? next - now : 0;
        if (wait < (uint64_t)timeout.tv_nsec) {
            timeout.tv_nsec = (long)wait;
        }
    }
    struct epoll_event events[LOAD_EVENTS_MAX];
    int count = epoll_pwait2(epoll_fd, events, LOAD_EVENTS_MAX, &timeout, NULL);
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
    rate_from_ns = now_ns();
    for (uint32_t i = 0; i < load_options.connections; i++) {
        struct connection *connection = &connections[i];
        if (connection->is_slow) {
            send_blocks(connection, connection->depth);
        } else if (connection->is_active && rate == 0) {
            send_blocks(connection, connection->depth);
        }
    }
}

static void stop(void)
{
    for (uint32_t i = 0; i < load_options.connections; i++) {
        watch(&connections[i]);
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
        {"rate", 0, RATE_MAX, &rate, NULL},
        {"slow", 0, LOAD_CONNECTIONS_MAX, &slow_count, NULL},
        {"core-pid", 1, INT32_MAX, &core_pid, NULL},
        {"work", 0, 0, NULL, &work_name},
        {NULL, 0, 0, NULL, NULL},
    };
    load_parse_options(argc, argv, own);
    work = work_find(work_name);
    if (work == NULL) {
        program_fail(2, "--work is none, gain or biquads");
    }
    if (slow_count >= load_options.active) {
        program_fail(2, "--slow is less than --active");
    }
    data_bytes = (uint32_t)(samples_count * sizeof(float));
    slot_bytes = WIRE_SAMPLES_HEADER_BYTES_MAX + data_bytes;
    if (slot_bytes * load_options.depth * load_options.active + slow_count * SLOW_BYTES >
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
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0) {
        program_fail(1, "epoll_create1: %s", strerror(errno));
    }
    samples_make(work, (uint32_t)samples_count);
    connections = load_allocate(load_options.connections, sizeof *connections);
    paced = load_allocate(load_options.active, sizeof *paced);
    const struct load_generator generator = {
        .start_connection = start_connection,
        .turn = turn,
        .begin = begin,
        .stop = stop,
        .print_members = print_members,
        .message_bytes = data_bytes,
    };
    const struct load_process processes[] = {
        {"serverCpuS", load_options.server_pid},
        {"coreCpuS", (pid_t)core_pid},
        {NULL, 0},
    };
    load_execute(&generator, processes);
    return 0;
}
