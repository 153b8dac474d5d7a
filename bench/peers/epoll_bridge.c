// The bridge as a good C programmer writes it on epoll: one thread, one level-triggered epoll instance,
// non-blocking sockets, a batch of events a turn; the rings of firmware/core, published and freed once
// a turn, an eventfd as the bell in each direction, rung only where the other side sleeps.
//
//   epoll_bridge --port N --firmware PATH [--core-polls] [--busy-poll-us N]
//
// It speaks the protocol of proto/carillon.proto, which it reads and writes by hand, as far as a client
// with streams needs it: Hello, OpenStream with effects that take numbers, Samples. Anything else ends
// the connection, as does a block out of sequence. A core that ends, ends the bridge.
//
// A block is copied once from the buffer of its connection into the ring, and once from the ring into
// that of the connection; all answers of a turn go out in one write for each connection. A client whose
// frame finds no room on the ring, or who does not take its answers, is not read from until that is over.
//
// With --busy-poll-us it goes on asking for events, and looking at the ring, for as long after each
// turn that found some, before it sleeps.
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/program.h"
#include "common/wire.h"
#include "peers/bridge_client.h"
#include "peers/bridge_core.h"
#include "peers/bridge_messages.h"
#include "peers/buffers.h"
#include "peers/listener.h"

enum {
    EVENTS_MAX = 256,
    // As many records are taken before sockets get their turn.
    RECORDS_PER_TURN = 256,
    BUSY_POLL_US_MAX = 1000,
};

// Keeps what has not been dealt with at the front of a buffer with room for the frame that it begins.
static void keep_rest(struct client *client)
{
    struct buffer *in = client->in;
    size_t rest = in->filled - client->in_at;
    if (rest == 0) {
        buffer_give(in);
        client->in = NULL;
    } else if (client->in_at > 0) {
        memmove(in->bytes, in->bytes + client->in_at, rest);
        in->filled = rest;
    } else if (in->filled == in->capacity) {
        // It begins the buffer and fills it: the frame is longer.
        client->in = buffer_take(WIRE_VARINT_BYTES_MAX + WIRE_MESSAGE_BYTES_MAX);
        memcpy(client->in->bytes, in->bytes, rest);
        client->in->filled = rest;
        buffer_give(in);
    }
    client->in_at = 0;
}

// Deals with the whole frames in `in`, until one finds no room. False where one is wrong.
static bool handle_frames(struct client *client)
{
    struct buffer *in = client->in;
    bool bad = false;
    while (in != NULL && client->in_at < in->filled) {
        struct wire_reader message;
        size_t bytes =
            wire_frame(in->bytes + client->in_at, in->filled - client->in_at, &message, &bad);
        if (bad) {
            return false;
        }
        if (bytes == 0) {
            break;
        }
        enum handled handled = message_handle(client, message);
        if (handled == WRONG) {
            return false;
        }
        if (handled == NO_ROOM) {
            client->is_blocked = true;
            client->next_blocked = blocked_clients;
            blocked_clients = client;
            return true;
        }
        client->in_at += bytes;
    }
    if (in != NULL) {
        keep_rest(client);
    }
    return true;
}

// False where the connection is at its end.
static bool read_frames(struct client *client)
{
    if (client->in == NULL) {
        client->in = buffer_take(BUFFER_BYTES);
    }
    struct buffer *in = client->in;
    ssize_t count = recv(client->fd, in->bytes + in->filled, in->capacity - in->filled, 0);
    if (count == 0) {
        return false;
    }
    if (count < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    in->filled += (size_t)count;
    return handle_frames(client);
}

static void on_client_event(struct client *client, uint32_t events)
{
    bool is_well = true;
    if ((events & EPOLLOUT) != 0) {
        is_well = client_send(client);
    }
    bool reads = !client->is_blocked && !client->is_full;
    if (is_well && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
        // What is not read from is only told of where it has broken.
        is_well = reads ? read_frames(client) : (events & (EPOLLERR | EPOLLHUP)) == 0;
    }
    if (!is_well) {
        client_close(client);
    } else if (client->is_blocked) {
        client_update_watch(client);
    }
}

static void accept_clients(int listener)
{
    int fd;
    while ((fd = listener_accept(listener)) >= 0) {
        client_open(fd);
    }
}

static void take_record(const struct ring_record *record)
{
    uint32_t number = record->header.stream;
    if (number >= CARILLON_STREAMS_MAX || slots[number].state == SLOT_FREE) {
        return;
    }
    struct slot *slot = &slots[number];
    if (record->header.type == CARILLON_EVENT_CLOSED) {
        slot->state = SLOT_FREE;
    } else if (slot->client == NULL) {
        return;
    } else if (record->header.type == CARILLON_EVENT_SAMPLES) {
        client_answer_samples(slot, record);
    } else if (record->header.type == CARILLON_EVENT_STARTED) {
        client_answer_opened(slot);
    } else if (record->header.type == CARILLON_EVENT_FAILED) {
        // The core has freed it.
        struct client *client = slot->client;
        *slot = (struct slot){.state = SLOT_FREE};
        client_close(client);
    }
}

// Returns how many there were.
static uint32_t take_records(void)
{
    struct ring_record record;
    uint32_t count = 0;
    while (count < RECORDS_PER_TURN && ring_peek(&core.from_core, &record)) {
        take_record(&record);
        ring_advance(&core.from_core);
        count++;
    }
    if (core.from_core.damaged || core.to_core.damaged) {
        program_fail(1, "a ring is damaged");
    }
    if (ring_free(&core.from_core)) {
        core_ring();
    }
    return count;
}

static void flush_clients(void)
{
    struct client *client = dirty_clients;
    dirty_clients = NULL;
    while (client != NULL) {
        struct client *next = client->next_dirty;
        client->is_dirty = false;
        if (!client_send(client)) {
            client_close(client);
        }
        client = next;
    }
}

// Lets those try again whose frames found no room.
static void retry_blocked(void)
{
    if (must_close_any) {
        must_close_any = false;
        for (struct slot *slot = slots; slot < slots + CARILLON_STREAMS_MAX; slot++) {
            if (slot->must_close) {
                slot_tell_close(slot);
            }
        }
    }
    struct client *client = blocked_clients;
    blocked_clients = NULL;
    while (client != NULL) {
        struct client *next = client->next_blocked;
        client->is_blocked = false;
        if (!handle_frames(client)) {
            client_close(client);
        } else {
            client_update_watch(client);
        }
        client = next;
    }
}

static void publish(void)
{
    if (ring_publish(&core.to_core)) {
        core_ring();
    }
}

// Whether there is nothing to do until somebody rings or a socket is ready.
static bool may_sleep(void)
{
    bool needs_room = blocked_clients != NULL || must_close_any;
    return ring_consumer_try_sleep(&core.from_core) &&
           (!needs_room || ring_producer_try_sleep(&core.to_core));
}

static void serve(int listener, uint64_t busy_poll_us)
{
    static char bell, end;
    client_watch_fd(EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    // Edge-triggered: then nobody has to read it.
    client_watch_fd(EPOLL_CTL_ADD, core.own_bell, EPOLLIN | EPOLLET, &bell);
    client_watch_fd(EPOLL_CTL_ADD, core.socket, EPOLLIN, &end);
    uint64_t poll_until = 0;
    for (;;) {
        bool polls = busy_poll_us > 0 && core_now_us() < poll_until;
        bool sleeps = !polls && may_sleep();
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(client_epoll_fd, events, EVENTS_MAX, sleeps ? -1 : 0);
        if (count < 0 && errno != EINTR) {
            program_fail(1, "epoll_wait: %s", strerror(errno));
        }
        ring_consumer_wake(&core.from_core);
        ring_producer_wake(&core.to_core);
        for (int i = 0; i < count; i++) {
            void *data = events[i].data.ptr;
            if (data == NULL) {
                accept_clients(listener);
            } else if (data == &end) {
                program_fail(1, "the core has ended");
            } else if (data != &bell) {
                on_client_event(data, events[i].events);
            }
        }
        publish();
        uint32_t taken = take_records();
        flush_clients();
        if (blocked_clients != NULL || must_close_any) {
            retry_blocked();
            publish();
        }
        if (busy_poll_us > 0 && (count > 0 || taken > 0)) {
            poll_until = core_now_us() + busy_poll_us;
        }
    }
}

int main(int argc, char **argv)
{
    enum { PORT, FIRMWARE, CORE_POLLS, BUSY_POLL_US };
    static const struct option names[] = {
        {"port", required_argument, NULL, PORT},
        {"firmware", required_argument, NULL, FIRMWARE},
        {"core-polls", no_argument, NULL, CORE_POLLS},
        {"busy-poll-us", required_argument, NULL, BUSY_POLL_US},
        {NULL, 0, NULL, 0},
    };
    int port = -1;
    const char *firmware = NULL;
    bool core_polls = false;
    uint64_t busy_poll_us = 0;
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case PORT:
            port = (int)program_number("--port", optarg, 0, UINT16_MAX);
            break;
        case FIRMWARE:
            firmware = optarg;
            break;
        case CORE_POLLS:
            core_polls = true;
            break;
        case BUSY_POLL_US:
            busy_poll_us = program_number("--busy-poll-us", optarg, 0, BUSY_POLL_US_MAX);
            break;
        default:
            exit(2);
        }
    }
    if (port < 0 || firmware == NULL || optind < argc) {
        program_fail(2, "to be called with --port N --firmware PATH [--core-polls] "
                        "[--busy-poll-us N], where port 0 picks a free one");
    }
    program_raise_open_files();
    core_start(firmware, core_polls);
    client_epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (client_epoll_fd < 0) {
        program_fail(1, "epoll_create1: %s", strerror(errno));
    }
    uint16_t bound;
    int listener = listener_open((uint16_t)port, &bound);
    program_ready(bound);
    serve(listener, busy_poll_us);
}
