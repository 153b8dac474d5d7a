#include "load/bridge_connection.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/wire.h"
#include "load/bridge_samples.h"
#include "load/load.h"
#include "load/load_options.h"
#include "load/load_run.h"

enum {
    // Ends of frames that are sent in one call.
    PARTS_MAX = 64,
    // What is received at a time, at least: a Welcome and more.
    IN_BYTES_MIN = 8 * 1024,
    IN_BYTES_MAX = 256 * 1024,
};

struct bridge_load bridge_load;

uint64_t connection_now_ns(void)
{
    return load_now_ns(CLOCK_MONOTONIC);
}

unsigned char *connection_samples(const struct connection *connection, uint64_t number)
{
    return connection->slots + (number % connection->depth) * bridge_load.slot_bytes +
           WIRE_SAMPLES_HEADER_BYTES_MAX;
}

void connection_watch(struct connection *connection)
{
    // A slow one does not want to know that there is something to read.
    bool reads = !connection->is_slow || connection->stage != STAGE_READY ||
                 load_run.phase == LOAD_DRAINING;
    bool writes = connection->stage == STAGE_CONNECTING || connection->sent < connection->queued;
    uint32_t wanted = (reads ? EPOLLIN : 0u) | (writes ? EPOLLOUT : 0u);
    if (wanted != connection->watched) {
        connection->watched = wanted;
        load_watch(bridge_load.epoll_fd, EPOLL_CTL_MOD, connection->fd, wanted, connection);
    }
}

void connection_start(struct connection *connection, uint32_t depth)
{
    connection->depth = depth;
    // Powers of two lose nothing, so scaled samples are as good as any.
    connection->scale = 1.0f / (float)(1u << connection->index % 8);
    connection->in_capacity = IN_BYTES_MIN;
    if (connection->is_active) {
        size_t all = depth * bridge_load.slot_bytes;
        size_t least = all < IN_BYTES_MAX ? all : IN_BYTES_MAX;
        connection->in_capacity += least > 2 * bridge_load.slot_bytes ? least : 2 * bridge_load.slot_bytes;
        connection->slots = load_allocate(depth, bridge_load.slot_bytes);
        connection->queued_at_ns = load_allocate(depth, sizeof(uint64_t));
        connection->header_bytes = load_allocate(depth, 1);
        for (uint32_t i = 0; i < depth; i++) {
            float *samples = (float *)(void *)connection_samples(connection, i);
            samples_fill(samples, connection->scale);
        }
    }
    connection->in = load_allocate(connection->in_capacity, 1);
    connection->fd = load_connect(load_options.port, connection->index, load_options.connections);
    connection->watched = EPOLLIN | EPOLLOUT;
    load_watch(bridge_load.epoll_fd, EPOLL_CTL_ADD, connection->fd, connection->watched, connection);
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

void connection_say_hello(struct connection *connection)
{
    static const char name[] = "bridge_load";
    unsigned char body[64];
    unsigned char *end = wire_put_number(body, 1, WIRE_PROTOCOL_VERSION);
    end = wire_put_bytes(end, 2, name, sizeof name - 1);
    connection->stage = STAGE_HELLO;
    send_request(connection, WIRE_HELLO, body, (size_t)(end - body));
    connection_watch(connection);
}

void connection_open_stream(struct connection *connection)
{
    unsigned char body[WORK_OPEN_BYTES_MAX];
    unsigned char *end = work_put_open_stream(body, bridge_load.work);
    connection->stage = STAGE_OPENING;
    send_request(connection, WIRE_OPEN_STREAM, body, (size_t)(end - body));
}

void connection_send_queued(struct connection *connection)
{
    while (connection->sent < connection->queued) {
        struct iovec parts[PARTS_MAX];
        size_t count = 0;
        size_t bytes = 0;
        for (uint64_t n = connection->sent; n < connection->queued && count < PARTS_MAX; n++) {
            size_t header = connection->header_bytes[n % connection->depth];
            size_t skipped = n == connection->sent ? connection->part_sent : 0;
            parts[count].iov_base = connection_samples(connection, n) - header + skipped;
            parts[count].iov_len = header + bridge_load.data_bytes - skipped;
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
    connection_watch(connection);
}

void connection_queue_block(struct connection *connection, uint64_t at_ns)
{
    uint64_t number = connection->queued++;
    unsigned char *samples = connection_samples(connection, number);
    samples_put_stamp(samples, number);
    const struct wire_samples block = {.stream = connection->stream,
                                       .sequence = (uint32_t)number,
                                       .length = bridge_load.data_bytes};
    unsigned char *begin = wire_put_samples_header(samples, WIRE_CLIENT_SAMPLES, &block);
    connection->header_bytes[number % connection->depth] = (unsigned char)(samples - begin);
    connection->queued_at_ns[number % connection->depth] = at_ns;
    load_run.unanswered++;
}

void connection_send_blocks(struct connection *connection, uint32_t count)
{
    uint64_t now = connection_now_ns();
    for (uint32_t i = 0; i < count; i++) {
        connection_queue_block(connection, now);
    }
    // While the kernel takes no more, its word that it does again sends these as well.
    if ((connection->watched & EPOLLOUT) == 0) {
        connection_send_queued(connection);
    }
}
