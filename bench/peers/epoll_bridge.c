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
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "carillon/shared_mem.h"
#include "common/program.h"
#include "common/wire.h"
#include "core/atomic.h"
#include "core/spsc_ring.h"
#include "peers/buffers.h"
#include "peers/listener.h"

enum {
    EVENTS_MAX = 256,
    // As in the server.
    RING_BYTES = 256 * 1024,
    EFFECT_INFOS_MAX = 64,
    // As many records are taken before sockets get their turn.
    RECORDS_PER_TURN = 256,
    // A client that has more than this to take is not read from until it is a quarter of it.
    OUT_HIGH_BYTES = 1024 * 1024,
    OUT_LOW_BYTES = OUT_HIGH_BYTES / 4,
    // The records that open a stream, all together, are less.
    OPEN_BYTES_MAX = 4096,
    BUSY_POLL_US_MAX = 1000,
    START_TIMEOUT_MS = 10000,
    // What a core finds its descriptors as.
    CORE_SOCKET_FD = 3,
    CORE_REGION_FD = 4,
    CORE_WAIT_FD = 5,
    CORE_RING_FD = 6,
    CORE_FDS_END = 7,
};

enum slot_state { SLOT_FREE, SLOT_OPENING, SLOT_OPEN, SLOT_CLOSING };

// A stream of the core.
struct slot {
    enum slot_state state;
    struct client *client; // NULL where it has gone
    uint64_t request;      // that opens it
    uint32_t sequence;     // of the next block
    bool must_close;       // and the ring had no room to say so
};

struct client {
    int fd;
    bool has_greeted;
    bool is_blocked; // a frame in `in` found no room
    bool is_full;    // does not take its answers
    bool is_dirty;   // has answers of this turn
    uint32_t watched;
    // What has come and not been dealt with, from in_at on.
    struct buffer *in;
    size_t in_at;
    // What the kernel has not taken, from out_at on.
    struct buffer *out;
    size_t out_at;
    struct client *next_dirty;
    struct client *next_blocked;
};

static int epoll_fd;
static struct carillon_shared_mem *shared;
static struct ring_producer to_core;
static struct ring_consumer from_core;
static int core_socket;
static int core_bell; // rung for the core
static int own_bell;  // rung by the core
static struct slot slots[CARILLON_STREAMS_MAX];
static struct carillon_effect_info effects[EFFECT_INFOS_MAX];
static uint32_t effect_info_count;
static struct client *dirty_clients;
static struct client *blocked_clients;
static bool must_close_any;

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static void ring_core(void)
{
    if (eventfd_write(core_bell, 1) != 0 && errno != EAGAIN) {
        program_fail(1, "eventfd: %s", strerror(errno));
    }
}

static void watch_fd(int operation, int fd, uint32_t events, void *data)
{
    struct epoll_event event = {.events = events, .data.ptr = data};
    if (epoll_ctl(epoll_fd, operation, fd, &event) != 0) {
        program_fail(1, "epoll_ctl: %s", strerror(errno));
    }
}

static void update_watch(struct client *client)
{
    bool reads = !client->is_blocked && !client->is_full;
    uint32_t wanted = (reads ? EPOLLIN : 0u) | (client->out != NULL ? EPOLLOUT : 0u);
    if (wanted != client->watched) {
        client->watched = wanted;
        watch_fd(EPOLL_CTL_MOD, client->fd, wanted, client);
    }
}

// --- the region and its core ---

static struct carillon_ring_control *place_ring(uint32_t index, uint32_t kind)
{
    uint32_t each = (uint32_t)sizeof(struct carillon_ring_control) + RING_BYTES;
    uint32_t offset = (uint32_t)sizeof *shared + index * each;
    shared->rings[index] =
        (struct carillon_ring_descriptor){.kind = kind, .offset = offset, .capacity = RING_BYTES};
    return (struct carillon_ring_control *)((unsigned char *)shared + offset);
}

// Returns the descriptor of the memory.
static int make_region(void)
{
    size_t bytes = sizeof *shared + 2 * (sizeof(struct carillon_ring_control) + RING_BYTES);
    int fd = memfd_create("epoll_bridge", 0);
    if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0) {
        program_fail(1, "the region: %s", strerror(errno));
    }
    shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    uint32_t session = 0;
    if (shared == MAP_FAILED || getrandom(&session, sizeof session, 0) != sizeof session) {
        program_fail(1, "the region: %s", strerror(errno));
    }
    ring_producer_bind(&to_core, place_ring(0, CARILLON_RING_TO_CORE), RING_BYTES);
    ring_consumer_bind(&from_core, place_ring(1, CARILLON_RING_FROM_CORE), RING_BYTES);
    shared->header = (struct carillon_region_header){.layout_version = CARILLON_LAYOUT_VERSION,
                                                     .layout_hash = CARILLON_LAYOUT_HASH,
                                                     .session = session | 1u,
                                                     .region_bytes = (uint32_t)bytes,
                                                     .core_count = 1,
                                                     .ring_count = 2};
    // Release, and last: who sees it sees the rest.
    store_release(&shared->header.magic, CARILLON_REGION_MAGIC);
    return fd;
}

static void run_core(const char *firmware, bool polls, const int fds[4])
{
    int high[4];
    // Out of the way first: one of them may have a number that another is to have.
    for (int i = 0; i < 4; i++) {
        high[i] = fcntl(fds[i], F_DUPFD, CORE_FDS_END);
    }
    for (int i = 0; i < 4; i++) {
        if (high[i] < 0 || dup2(high[i], CORE_SOCKET_FD + i) < 0) {
            _exit(126);
        }
        close(high[i]);
    }
    execl(firmware, firmware, "--region", "memfd", "--region-fd", "4", "--core", "0", "--doorbell",
          "3", "--wait", "5", "--ring", "6", polls ? "--poll" : NULL, NULL);
    fprintf(stderr, "%s: %s\n", firmware, strerror(errno));
    _exit(127);
}

static void start_core(const char *firmware, bool polls)
{
    int pair[2];
    int region = make_region();
    core_bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    own_bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (core_bell < 0 || own_bell < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        program_fail(1, "the doorbells: %s", strerror(errno));
    }
    pid_t child = fork();
    if (child < 0) {
        program_fail(1, "fork: %s", strerror(errno));
    }
    if (child == 0) {
        run_core(firmware, polls, (const int[4]){pair[1], region, core_bell, own_bell});
    }
    close(pair[1]);
    close(region);
    core_socket = pair[0];
}

static bool has_linked(void)
{
    const struct carillon_core_status *status = &shared->status[0];
    struct carillon_core_control *control = &shared->control[0];
    // Acquire, both: what the core did before it stored them.
    uint32_t boot = load_acquire(&status->boot);
    if (boot != 0 && control->link == 0) {
        ring_producer_reset(&to_core);
        ring_consumer_reset(&from_core);
        store_release(&control->boot, boot);
        store_release(&control->link, 1);
        ring_core();
    }
    return load_acquire(&status->link) == 1;
}

// True once the core has told of all its effects.
static bool take_description(void)
{
    struct ring_record record;
    bool is_whole = false;
    while (ring_peek(&from_core, &record)) {
        if (record.header.type == CARILLON_EVENT_EFFECT_INFO &&
            record.header.length == sizeof *effects && effect_info_count < EFFECT_INFOS_MAX) {
            memcpy(&effects[effect_info_count++], record.payload, sizeof *effects);
        }
        is_whole = record.header.type == CARILLON_EVENT_DESCRIBED;
        ring_advance(&from_core);
    }
    if (ring_free(&from_core)) {
        ring_core();
    }
    return is_whole;
}

// Links the core and asks it for its effects. It is the start, so it looks every tenth of a millisecond.
static void meet_core(void)
{
    uint64_t until = now_us() + START_TIMEOUT_MS * 1000u;
    const struct timespec pause = {.tv_nsec = 100000};
    bool has_asked = false;
    for (;;) {
        if (has_linked() && !has_asked) {
            has_asked = ring_claim(&to_core, 0) != NULL;
            ring_commit(&to_core, CARILLON_COMMAND_DESCRIBE, 0, 0);
            if (ring_publish(&to_core)) {
                ring_core();
            }
        }
        if (has_asked && take_description()) {
            return;
        }
        char byte;
        if (recv(core_socket, &byte, 1, MSG_DONTWAIT) == 0 || now_us() > until) {
            program_fail(1, "the core did not start");
        }
        nanosleep(&pause, NULL);
    }
}

// --- answers ---

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

static void answer(struct client *client, uint64_t request, uint32_t number,
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

static void answer_samples(const struct slot *slot, const struct ring_record *record)
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

static void answer_opened(struct slot *slot)
{
    unsigned char body[32];
    unsigned char *end = wire_put_number(body, 1, name_of(slot));
    slot->state = SLOT_OPEN;
    answer(slot->client, slot->request, WIRE_STREAM_OPENED, body, (size_t)(end - body));
}

// --- clients ---

static void tell_close(struct slot *slot)
{
    slot->must_close = ring_claim(&to_core, 0) == NULL;
    if (slot->must_close) {
        must_close_any = true;
    } else {
        ring_commit(&to_core, CARILLON_COMMAND_CLOSE, (uint32_t)(slot - slots), 0);
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

static void close_client(struct client *client)
{
    for (struct slot *slot = slots; slot < slots + CARILLON_STREAMS_MAX; slot++) {
        if (slot->client == client) {
            slot->client = NULL;
            slot->state = SLOT_CLOSING;
            tell_close(slot);
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

enum handled { HANDLED, NO_ROOM, WRONG };

static enum handled handle_hello(struct client *client, uint64_t request, struct wire_reader reader)
{
    struct wire_field field;
    uint64_t version = 0;
    while (wire_read_field(&reader, &field)) {
        version = field.number == 1 ? field.value : version;
    }
    if (reader.bad || client->has_greeted || version != WIRE_PROTOCOL_VERSION) {
        return WRONG;
    }
    client->has_greeted = true;
    unsigned char body[64];
    static const char name[] = "epoll_bridge";
    unsigned char *end = wire_put_number(body, 1, WIRE_PROTOCOL_VERSION);
    end = wire_put_bytes(end, 2, name, sizeof name - 1);
    answer(client, request, WIRE_WELCOME, body, (size_t)(end - body));
    return HANDLED;
}

static bool is_named(const struct wire_field *field, const char *name, size_t room)
{
    return field->length < room && memcmp(field->bytes, name, field->length) == 0 &&
           name[field->length] == '\0';
}

// Sets the value of the parameter that the message names. False where there is no such.
static bool read_parameter(struct wire_reader reader, const struct carillon_effect_info *info,
                           double *values)
{
    struct wire_field field;
    uint32_t param = CARILLON_NONE;
    double value = 0;
    bool has_value = false;
    while (wire_read_field(&reader, &field)) {
        if (field.number == 1 && field.bytes != NULL) {
            for (uint32_t i = 0; i < info->param_count; i++) {
                if (is_named(&field, info->params[i].name, sizeof info->params[i].name)) {
                    param = i;
                }
            }
        } else if (field.number == 2 && field.length == sizeof value) {
            memcpy(&value, field.bytes, sizeof value);
            has_value = true;
        }
    }
    if (reader.bad || param == CARILLON_NONE || !has_value) {
        return false;
    }
    values[param] = value;
    return true;
}

// Puts the EFFECT that the message describes onto the ring. False where there is no such effect.
static bool put_effect(struct wire_reader reader, uint32_t stream, uint32_t position)
{
    struct wire_reader names = reader;
    struct wire_field field;
    const struct carillon_effect_info *info = NULL;
    while (wire_read_field(&names, &field)) {
        for (uint32_t i = 0; field.number == 1 && field.bytes != NULL && i < effect_info_count; i++) {
            if (is_named(&field, effects[i].name, sizeof effects[i].name)) {
                info = &effects[i];
            }
        }
    }
    if (info == NULL) {
        return false;
    }
    double values[CARILLON_PARAMS_MAX];
    for (uint32_t i = 0; i < info->param_count; i++) {
        values[i] = info->params[i].def;
    }
    while (wire_read_field(&reader, &field)) {
        if (field.number == 2 && !read_parameter(wire_inside(&field), info, values)) {
            return false;
        }
    }
    const struct carillon_effect_config config = {.position = position,
                                                  .effect = (uint32_t)(info - effects),
                                                  .value_count = info->param_count};
    uint32_t value_bytes = info->param_count * (uint32_t)sizeof *values;
    unsigned char *place = ring_claim(&to_core, (uint32_t)sizeof config + value_bytes);
    if (place == NULL) {
        return false;
    }
    memcpy(place, &config, sizeof config);
    memcpy(place + sizeof config, values, value_bytes);
    ring_commit(&to_core, CARILLON_COMMAND_EFFECT, stream, 0);
    return !reader.bad;
}

static struct slot *find_free_slot(void)
{
    for (struct slot *slot = slots; slot < slots + CARILLON_STREAMS_MAX; slot++) {
        if (slot->state == SLOT_FREE) {
            return slot;
        }
    }
    return NULL;
}

static enum handled handle_open(struct client *client, uint64_t request, struct wire_reader reader)
{
    struct carillon_open_stream open = {0};
    struct wire_reader counted = reader;
    struct wire_field field;
    while (wire_read_field(&counted, &field)) {
        open.sample_rate_hz = field.number == 1 ? (uint32_t)field.value : open.sample_rate_hz;
        open.channels = field.number == 2 ? (uint32_t)field.value : open.channels;
        open.effect_count += field.number == 3 ? 1 : 0;
    }
    struct slot *slot = find_free_slot();
    if (counted.bad || slot == NULL || open.effect_count > CARILLON_EFFECTS_MAX) {
        return WRONG;
    }
    // Room for all records, or none: half a chain could not be taken back.
    if (ring_claim(&to_core, OPEN_BYTES_MAX) == NULL) {
        return NO_ROOM;
    }
    ring_abort(&to_core);
    uint32_t number = (uint32_t)(slot - slots);
    *slot = (struct slot){
        .state = SLOT_OPENING, .client = client, .request = request};
    memcpy(ring_claim(&to_core, sizeof open), &open, sizeof open);
    ring_commit(&to_core, CARILLON_COMMAND_OPEN, number, 0);
    uint32_t position = 0;
    while (wire_read_field(&reader, &field)) {
        if (field.number == 3 && !put_effect(wire_inside(&field), number, position++)) {
            return WRONG;
        }
    }
    ring_claim(&to_core, 0);
    ring_commit(&to_core, CARILLON_COMMAND_START, number, 0);
    return HANDLED;
}

static struct slot *find_stream(const struct client *client, uint32_t name)
{
    struct slot *slot = &slots[name - 1u];
    return name - 1u < CARILLON_STREAMS_MAX && slot->client == client ? slot : NULL;
}

static enum handled handle_samples(struct client *client, struct wire_reader reader)
{
    struct wire_samples samples;
    if (!wire_read_samples(reader, &samples)) {
        return WRONG;
    }
    struct slot *slot = find_stream(client, samples.stream);
    if (slot == NULL || slot->state != SLOT_OPEN || samples.sequence != slot->sequence ||
        samples.length == 0 || samples.length % sizeof(float) != 0 ||
        samples.length > ring_claim_bytes_max(&to_core)) {
        return WRONG;
    }
    void *place = ring_claim(&to_core, (uint32_t)samples.length);
    if (place == NULL) {
        return NO_ROOM;
    }
    memcpy(place, samples.data, samples.length);
    ring_commit(&to_core, CARILLON_COMMAND_SAMPLES, (uint32_t)(slot - slots), slot->sequence++);
    return HANDLED;
}

static enum handled handle_message(struct client *client, struct wire_reader reader)
{
    struct wire_field field;
    uint64_t request = 0;
    while (wire_read_field(&reader, &field)) {
        if (field.number == WIRE_REQUEST) {
            request = field.value;
            continue;
        }
        if (field.bytes == NULL || (!client->has_greeted && field.number != WIRE_HELLO)) {
            return WRONG;
        }
        // A body is the last of its message, as everybody writes it.
        switch (field.number) {
        case WIRE_HELLO:
            return handle_hello(client, request, wire_inside(&field));
        case WIRE_OPEN_STREAM:
            return handle_open(client, request, wire_inside(&field));
        case WIRE_CLIENT_SAMPLES:
            return handle_samples(client, wire_inside(&field));
        default:
            return WRONG;
        }
    }
    return WRONG;
}

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
        enum handled handled = handle_message(client, message);
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

// Sends what is there. False where the connection is broken.
static bool send_answers(struct client *client)
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
    update_watch(client);
    return true;
}

static void on_client_event(struct client *client, uint32_t events)
{
    bool is_well = true;
    if ((events & EPOLLOUT) != 0) {
        is_well = send_answers(client);
    }
    bool reads = !client->is_blocked && !client->is_full;
    if (is_well && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
        // What is not read from is only told of where it has broken.
        is_well = reads ? read_frames(client) : (events & (EPOLLERR | EPOLLHUP)) == 0;
    }
    if (!is_well) {
        close_client(client);
    } else if (client->is_blocked) {
        update_watch(client);
    }
}

static void accept_clients(int listener)
{
    int fd;
    while ((fd = listener_accept(listener)) >= 0) {
        struct client *client = calloc(1, sizeof *client);
        if (client == NULL) {
            program_fail(1, "there is no memory for a client");
        }
        client->fd = fd;
        client->watched = EPOLLIN;
        watch_fd(EPOLL_CTL_ADD, fd, EPOLLIN, client);
    }
}

// --- the turn ---

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
        answer_samples(slot, record);
    } else if (record->header.type == CARILLON_EVENT_STARTED) {
        answer_opened(slot);
    } else if (record->header.type == CARILLON_EVENT_FAILED) {
        // The core has freed it.
        struct client *client = slot->client;
        *slot = (struct slot){.state = SLOT_FREE};
        close_client(client);
    }
}

// Returns how many there were.
static uint32_t take_records(void)
{
    struct ring_record record;
    uint32_t count = 0;
    while (count < RECORDS_PER_TURN && ring_peek(&from_core, &record)) {
        take_record(&record);
        ring_advance(&from_core);
        count++;
    }
    if (from_core.damaged || to_core.damaged) {
        program_fail(1, "a ring is damaged");
    }
    if (ring_free(&from_core)) {
        ring_core();
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
        if (!send_answers(client)) {
            close_client(client);
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
                tell_close(slot);
            }
        }
    }
    struct client *client = blocked_clients;
    blocked_clients = NULL;
    while (client != NULL) {
        struct client *next = client->next_blocked;
        client->is_blocked = false;
        if (!handle_frames(client)) {
            close_client(client);
        } else {
            update_watch(client);
        }
        client = next;
    }
}

static void publish(void)
{
    if (ring_publish(&to_core)) {
        ring_core();
    }
}

// Whether there is nothing to do until somebody rings or a socket is ready.
static bool may_sleep(void)
{
    bool needs_room = blocked_clients != NULL || must_close_any;
    return ring_consumer_try_sleep(&from_core) &&
           (!needs_room || ring_producer_try_sleep(&to_core));
}

static void serve(int listener, uint64_t busy_poll_us)
{
    static char bell, core;
    watch_fd(EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    // Edge-triggered: then nobody has to read it.
    watch_fd(EPOLL_CTL_ADD, own_bell, EPOLLIN | EPOLLET, &bell);
    watch_fd(EPOLL_CTL_ADD, core_socket, EPOLLIN, &core);
    uint64_t poll_until = 0;
    for (;;) {
        bool polls = busy_poll_us > 0 && now_us() < poll_until;
        bool sleeps = !polls && may_sleep();
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(epoll_fd, events, EVENTS_MAX, sleeps ? -1 : 0);
        if (count < 0 && errno != EINTR) {
            program_fail(1, "epoll_wait: %s", strerror(errno));
        }
        ring_consumer_wake(&from_core);
        ring_producer_wake(&to_core);
        for (int i = 0; i < count; i++) {
            void *data = events[i].data.ptr;
            if (data == NULL) {
                accept_clients(listener);
            } else if (data == &core) {
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
            poll_until = now_us() + busy_poll_us;
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
    start_core(firmware, core_polls);
    meet_core();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0) {
        program_fail(1, "epoll_create1: %s", strerror(errno));
    }
    uint16_t bound;
    int listener = listener_open((uint16_t)port, &bound);
    program_ready(bound);
    serve(listener, busy_poll_us);
}
