#include "peers/bridge_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/program.h"
#include "common/wire.h"
#include "peers/bridge_core.h"

enum {
    // A client that has more than this to take is not read from until it is a quarter of it.
    OUT_HIGH_BYTES = 1024 * 1024,
    OUT_LOW_BYTES = OUT_HIGH_BYTES / 4,
};

struct slot slots[CARILLON_STREAMS_MAX];
struct client *dirty_clients;
struct client *blocked_clients;
bool must_close_any;
int client_epoll_fd;

void client_watch_fd(int operation, int fd, uint32_t events, void *data)
{
    struct epoll_event event = {.events = events, .data.ptr = data};
    if (epoll_ctl(client_epoll_fd, operation, fd, &event) != 0) {
        program_fail(1, "epoll_ctl: %s", strerror(errno));
    }
}

void client_update_watch(struct client *client)
{
    bool reads = !client->is_blocked && !client->is_full;
    uint32_t wanted = (reads ? EPOLLIN : 0u) | (client->out != NULL ? EPOLLOUT : 0u);
    if (wanted != client->watched) {
        client->watched = wanted;
        client_watch_fd(EPOLL_CTL_MOD, client->fd, wanted, client);
    }
}

void slot_tell_close(struct slot *slot)
{
    slot->must_close = ring_claim(&core.to_core, 0) == NULL;
    if (slot->must_close) {
        must_close_any = true;
    } else {
        ring_commit(&core.to_core, CARILLON_COMMAND_CLOSE, (uint32_t)(slot - slots), 0);
    }
}

static void unlink_client(struct client **list, struct client *client, bool is_blocked_list)
{
    while (*list != NULL) {
        if (*list == client) {
            *list = is_blocked_list ? client->next_blocked : client->next_dirty;
            return;
        }
        list = is_blocked_list ? &(*list)->next_blocked : &(*list)->next_dirty;
    }
}

void client_close(struct client *client)
{
    for (struct slot *slot = slots; slot < slots + CARILLON_STREAMS_MAX; slot++) {
        if (slot->client == client) {
            slot->client = NULL;
            slot->state = SLOT_CLOSING;
            slot_tell_close(slot);
        }
    }
    if (client->is_blocked) {
        unlink_client(&blocked_clients, client, true);
    }
    if (client->is_dirty) {
        unlink_client(&dirty_clients, client, false);
    }
    close(client->fd);
    buffer_give(client->in);
    buffer_give(client->out);
    free(client);
}

// What a stream is called on the wire: whose it is can be found at once.
static uint32_t name_of(const struct slot *slot)
{
    return (uint32_t)(slot - slots) + 1u;
}

// Room for `bytes` behind what is to go to the client.
static unsigned char *answer_room(struct client *client, size_t bytes)
{
    struct buffer *out = client->out;
    size_t unsent = out == NULL ? 0 : out->filled - client->out_at;
    if (out == NULL) {
        client->out = buffer_take(bytes);
    } else if (out->capacity - out->filled < bytes) {
        if (client->out_at >= bytes && unsent <= out->capacity / 2) {
            memmove(out->bytes, out->bytes + client->out_at, unsent);
        } else {
            client->out = buffer_take(2 * (unsent + bytes));
            memcpy(client->out->bytes, out->bytes + client->out_at, unsent);
            buffer_give(out);
        }
        client->out->filled = unsent;
        client->out_at = 0;
    }
    if (!client->is_dirty) {
        client->is_dirty = true;
        client->next_dirty = dirty_clients;
        dirty_clients = client;
    }
    return client->out->bytes + client->out->filled;
}

void client_answer(struct client *client, uint64_t request, uint32_t number,
                   const unsigned char *body, size_t body_bytes)
{
    unsigned char message[128];
    unsigned char *end = wire_put_number(message, WIRE_REQUEST, request);
    end = wire_put_bytes(end, number, body, body_bytes);
    size_t bytes = (size_t)(end - message);
    unsigned char *at = answer_room(client, WIRE_VARINT_BYTES_MAX + sizeof message);
    unsigned char *begin = at;
    at = wire_put_varint(at, bytes);
    memcpy(at, message, bytes);
    client->out->filled += (size_t)(at - begin) + bytes;
}

void client_answer_samples(const struct slot *slot, const struct ring_record *record)
{
    struct client *client = slot->client;
    const struct wire_samples samples = {.stream = name_of(slot),
                                         .sequence = record->header.sequence,
                                         .length = record->header.length};
    unsigned char header[WIRE_SAMPLES_HEADER_BYTES_MAX];
    unsigned char *begin =
        wire_put_samples_header(header + sizeof header, WIRE_SERVER_SAMPLES, &samples);
    size_t header_bytes = (size_t)(header + sizeof header - begin);
    unsigned char *at = answer_room(client, header_bytes + samples.length);
    memcpy(at, begin, header_bytes);
    memcpy(at + header_bytes, record->payload, samples.length);
    client->out->filled += header_bytes + samples.length;
}

void client_answer_opened(struct slot *slot)
{
    unsigned char body[32];
    unsigned char *end = wire_put_number(body, 1, name_of(slot));
    slot->state = SLOT_OPEN;
    client_answer(slot->client, slot->request, WIRE_STREAM_OPENED, body, (size_t)(end - body));
}

bool client_send(struct client *client)
{
    struct buffer *out = client->out;
    if (out != NULL) {
        size_t unsent = out->filled - client->out_at;
        ssize_t sent = send(client->fd, out->bytes + client->out_at, unsent, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            return false;
        }
        client->out_at += sent > 0 ? (size_t)sent : 0;
        unsent = out->filled - client->out_at;
        if (unsent == 0) {
            buffer_give(out);
            client->out = NULL;
            client->out_at = 0;
        }
        client->is_full = unsent > (client->is_full ? OUT_LOW_BYTES : OUT_HIGH_BYTES);
    }
    client_update_watch(client);
    return true;
}

void client_open(int fd)
{
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        program_fail(1, "there is no memory for a client");
    }
    client->fd = fd;
    client->watched = EPOLLIN;
    client_watch_fd(EPOLL_CTL_ADD, fd, EPOLLIN, client);
}
