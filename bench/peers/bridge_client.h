// The clients of the bridge in C and their streams: what waits to be read from one, and what it is told.
#ifndef CARILLON_BENCH_BRIDGE_CLIENT_H
#define CARILLON_BENCH_BRIDGE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "carillon/shared_mem.h"
#include "core/spsc_ring.h"
#include "peers/buffers.h"

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

extern struct slot slots[CARILLON_STREAMS_MAX];

// Those that have answers of this turn, and those whose frames found no room. A stream may have to be
// closed yet as well.
extern struct client *dirty_clients;
extern struct client *blocked_clients;
extern bool must_close_any;

// The clients are watched by this epoll instance.
extern int client_epoll_fd;

void client_watch_fd(int operation, int fd, uint32_t events, void *data);

// Watches it for what is wanted of it now.
void client_update_watch(struct client *client);

// A new one, of a connection.
void client_open(int fd);

// Its streams are closed.
void client_close(struct client *client);

// Tells the core to close the stream, or notes that it must be told.
void slot_tell_close(struct slot *slot);

// Adds a message to what is to go to the client.
void client_answer(struct client *client, uint64_t request, uint32_t number,
                   const unsigned char *body, size_t body_bytes);

void client_answer_samples(const struct slot *slot, const struct ring_record *record);

// The stream is open.
void client_answer_opened(struct slot *slot);

// Sends what is there. False where the connection is broken.
bool client_send(struct client *client);

#endif
