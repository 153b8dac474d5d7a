// One connection of a load on a bridge: its stream, and the blocks that are on their way.
#ifndef CARILLON_BENCH_BRIDGE_CONNECTION_H
#define CARILLON_BENCH_BRIDGE_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load/bridge_work.h"

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

// What all connections have in common.
struct bridge_load {
    const struct work *work;
    uint32_t data_bytes; // of a block's samples
    size_t slot_bytes;
    uint64_t rate; // blocks a second, all together; 0 where one that comes back sends the next
    int epoll_fd;
};

extern struct bridge_load bridge_load;

uint64_t connection_now_ns(void);

// The samples of a block that is on its way.
unsigned char *connection_samples(const struct connection *connection, uint64_t number);

// Connects, with memory for `depth` blocks.
void connection_start(struct connection *connection, uint32_t depth);

// Waits for what is wanted now.
void connection_watch(struct connection *connection);

void connection_say_hello(struct connection *connection);

void connection_open_stream(struct connection *connection);

// Sends what is queued, as far as the kernel takes it.
void connection_send_queued(struct connection *connection);

void connection_queue_block(struct connection *connection, uint64_t at_ns);

// One look at the clock for all of them.
void connection_send_blocks(struct connection *connection, uint32_t count);

// Takes what has come, and checks it. Sends the next blocks where there is no rate.
void connection_receive(struct connection *connection);

#endif
