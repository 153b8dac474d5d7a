// An echo server as a good C programmer writes one on epoll: one thread, one level-triggered epoll
// instance, non-blocking sockets, a batch of events a turn; one read and one write for a connection
// that has something.
//
//   epoll_echo --port N
//
// Each message is parsed and framed anew. What the kernel does not take at once is kept, and until
// it is gone the connection is not read from, so one that sends without reading holds two buffers
// and no more.
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/program.h"
#include "peers/buffers.h"
#include "peers/listener.h"

enum { EVENTS_MAX = 256 };

struct connection {
    int fd;
    // Of a frame that has not come whole.
    struct buffer *in;
    // What the kernel has not taken, from `out_at` on.
    struct buffer *out;
    size_t out_at;
};

static int epoll_fd;

static void close_connection(struct connection *connection)
{
    close(connection->fd);
    buffer_give(connection->in);
    buffer_give(connection->out);
    free(connection);
}

static void watch(struct connection *connection, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll_fd, operation, connection->fd, &event) != 0) {
        program_fail(1, "epoll_ctl: %s", strerror(errno));
    }
}

static void accept_connections(int listener)
{
    int fd;
    while ((fd = listener_accept(listener)) >= 0) {
        struct connection *connection = calloc(1, sizeof *connection);
        if (connection == NULL) {
            program_fail(1, "there is no memory for a connection");
        }
        connection->fd = fd;
        watch(connection, EPOLL_CTL_ADD, EPOLLIN);
    }
}

// Frames `payload` behind what is in `out`, which has room for it.
static void append_message(struct buffer *out, const unsigned char *payload, uint32_t length)
{
    uint32_t header = htonl(length);
    memcpy(out->bytes + out->filled, &header, sizeof header);
    memcpy(out->bytes + out->filled + sizeof header, payload, length);
    out->filled += sizeof header + length;
}

// Sends what is in `out` from `out_at` on. False where the connection is broken.
static bool send_out(struct connection *connection)
{
    struct buffer *out = connection->out;
    ssize_t sent = send(connection->fd, out->bytes + connection->out_at,
                        out->filled - connection->out_at, MSG_NOSIGNAL);
    if (sent < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    connection->out_at += (size_t)sent;
    if (connection->out_at == out->filled) {
        buffer_give(out);
        connection->out = NULL;
        connection->out_at = 0;
    }
    return true;
}

// Answers the whole messages in `in` and moves the rest to its front. Where a frame does not fit the
// buffer, a larger one takes its place. False where a frame is too long.
static bool answer_messages(struct connection *connection)
{
    struct buffer *in = connection->in;
    size_t at = 0;
    size_t wanted = 0;
    while (in->filled - at >= FRAME_HEADER_BYTES) {
        uint32_t length;
        memcpy(&length, in->bytes + at, sizeof length);
        length = ntohl(length);
        if (length > FRAME_PAYLOAD_BYTES_MAX) {
            return false;
        }
        wanted = (size_t)FRAME_HEADER_BYTES + length;
        if (in->filled - at < wanted) {
            break;
        }
        if (connection->out == NULL) {
            // As much goes out as came in.
            connection->out = buffer_take(in->filled - at);
        }
        append_message(connection->out, in->bytes + at + FRAME_HEADER_BYTES, length);
        at += wanted;
    }
    size_t rest = in->filled - at;
    if (rest == 0) {
        buffer_give(in);
        connection->in = NULL;
    } else if (wanted > in->capacity) {
        connection->in = buffer_take(wanted);
        memcpy(connection->in->bytes, in->bytes + at, rest);
        connection->in->filled = rest;
        buffer_give(in);
    } else {
        memmove(in->bytes, in->bytes + at, rest);
        in->filled = rest;
    }
    return true;
}

// One read, and one write of all answers to it. False where the connection is at its end.
static bool read_and_answer(struct connection *connection)
{
    if (connection->in == NULL) {
        connection->in = buffer_take(BUFFER_BYTES);
    }
    struct buffer *in = connection->in;
    ssize_t count = recv(connection->fd, in->bytes + in->filled, in->capacity - in->filled, 0);
    if (count == 0) {
        return false;
    }
    if (count < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    in->filled += (size_t)count;
    if (!answer_messages(connection)) {
        return false;
    }
    if (connection->out == NULL) {
        return true;
    }
    if (!send_out(connection)) {
        return false;
    }
    if (connection->out != NULL) {
        watch(connection, EPOLL_CTL_MOD, EPOLLOUT);
    }
    return true;
}

// False where the connection is at its end.
static bool on_event(struct connection *connection)
{
    if (connection->out == NULL) {
        return read_and_answer(connection);
    }
    if (!send_out(connection)) {
        return false;
    }
    if (connection->out == NULL) {
        watch(connection, EPOLL_CTL_MOD, EPOLLIN);
    }
    return true;
}

static int listen_on(uint16_t port)
{
    int listener = listener_open(port, &port);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event) != 0) {
        program_fail(1, "epoll: %s", strerror(errno));
    }
    program_ready(port);
    return listener;
}

int main(int argc, char **argv)
{
    uint16_t port = program_port(argc, argv);
    program_raise_open_files();
    int listener = listen_on(port);
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
        if (count < 0 && errno != EINTR) {
            program_fail(1, "epoll_wait: %s", strerror(errno));
        }
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection == NULL) {
                accept_connections(listener);
            } else if (!on_event(connection)) {
                close_connection(connection);
            }
        }
    }
}
