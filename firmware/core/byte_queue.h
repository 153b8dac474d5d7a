// A queue of bytes in shared memory between one writer and one reader: the names of the Rust crate
// shared-mem-queue, and its format as docs/queues.md describes it. The host's is
// src/shm/byte-queue.ts.
//
// A region begins with two words, the position at which the writer goes on and that of the reader;
// the rest is data. Positions lie in the data, one byte of which stays free: where they are equal,
// the queue is empty. They are touched with aligned 32-bit loads and stores and nothing else.
//
// An object has both ends; each end is used by one side only. Both positions are loaded for every
// call and checked: the other side may create the queue anew, and what it writes there never leads
// outside of the region.
#ifndef CARILLON_CORE_BYTE_QUEUE_H
#define CARILLON_CORE_BYTE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#define BYTE_QUEUE_POSITIONS_BYTES 8u
#define BYTE_QUEUE_FREE_BYTES 1u
// The smallest that holds a byte; the largest, so that a position and a length stay below 2^32.
#define BYTE_QUEUE_CAPACITY_MIN 2u
#define BYTE_QUEUE_CAPACITY_MAX (1024u * 1024u * 1024u)

// What became of a call. Those of messages are of msg_queue.h.
enum queue_status {
    QUEUE_OK,
    QUEUE_FULL,     // too little room now
    QUEUE_EMPTY,    // not as much as was asked for, or no whole message, now
    QUEUE_TIMEOUT,  // a blocking call was told to give up
    QUEUE_TOO_BIG,  // does not fit the queue, or not the reader, at any time
    QUEUE_CRC,      // a message was damaged; what belonged to it is skipped
    QUEUE_VERSION,  // a message has another version of the protocol; it is skipped
    QUEUE_DAMAGED,  // a position lies outside of the queue, which must be created anew
    QUEUE_ARGUMENT, // a region, or a prefix, cannot be so
};

struct byte_queue {
    uint32_t *write_position;
    uint32_t *read_position;
    unsigned char *data;
    uint32_t capacity; // bytes of data, one of which stays free
};

// What a blocking call does each time that it could not go on: sleep, yield, count or look at a
// clock. It gives up where that returns false.
struct queue_wait {
    bool (*again)(void *context);
    void *context;
};

// A piece of what is written.
struct byte_chunk {
    const void *data;
    uint32_t bytes;
};

// Makes an empty queue of whatever the region holds. Before the other side uses it. QUEUE_ARGUMENT
// where the region does not start on a multiple of 4 or has a capacity out of range.
enum queue_status byte_queue_create(struct byte_queue *queue, void *region, uint32_t region_bytes);

// Uses a queue that the other side, or this one earlier, has created. QUEUE_ARGUMENT, QUEUE_DAMAGED.
enum queue_status byte_queue_attach(struct byte_queue *queue, void *region, uint32_t region_bytes);

// Bytes that an empty queue takes.
static inline uint32_t byte_queue_largest_size(const struct byte_queue *queue)
{
    return queue->capacity - BYTE_QUEUE_FREE_BYTES;
}

// Bytes that are written and not consumed; bytes that can be written. QUEUE_DAMAGED, as of each
// that follows.
enum queue_status byte_queue_size(const struct byte_queue *queue, uint32_t *size);
enum queue_status byte_queue_space(const struct byte_queue *queue, uint32_t *space);

// Writes all, or nothing: QUEUE_FULL, QUEUE_TOO_BIG. Of several chunks the reader sees all together.
enum queue_status byte_queue_write_or_fail(struct byte_queue *queue, const void *data,
                                           uint32_t bytes);
enum queue_status byte_queue_write_chunks_or_fail(struct byte_queue *queue,
                                                  const struct byte_chunk *chunks, uint32_t count);

// Writes as much as there is room for, and says how many bytes that was.
enum queue_status byte_queue_write_at_most(struct byte_queue *queue, const void *data,
                                           uint32_t bytes, uint32_t *written);

// Writes all, in pieces as there is room. Says how many bytes it has written by then where it gives
// up: QUEUE_TIMEOUT.
enum queue_status byte_queue_write_blocking(struct byte_queue *queue, const void *data,
                                            uint32_t bytes, struct queue_wait wait,
                                            uint32_t *written);

// Fills `into`, or consumes nothing: QUEUE_EMPTY, QUEUE_TOO_BIG.
enum queue_status byte_queue_consume_or_fail(struct byte_queue *queue, void *into, uint32_t bytes);

// Consumes as much as there is, `bytes` at most, and says how many that was.
enum queue_status byte_queue_consume_at_most(struct byte_queue *queue, void *into, uint32_t bytes,
                                             uint32_t *consumed);

// Fills `into`, in pieces as they come. Says how many bytes it has consumed by then where it gives
// up: QUEUE_TIMEOUT.
enum queue_status byte_queue_consume_blocking(struct byte_queue *queue, void *into, uint32_t bytes,
                                              struct queue_wait wait, uint32_t *consumed);

// As the two of consume, and the bytes stay in the queue. `offset` bytes are passed over first.
enum queue_status byte_queue_peek_or_fail(const struct byte_queue *queue, void *into,
                                          uint32_t bytes);
enum queue_status byte_queue_peek_at_most(const struct byte_queue *queue, uint32_t offset,
                                          void *into, uint32_t bytes, uint32_t *peeked);

// Consumes without a look: all `bytes` or none (QUEUE_EMPTY, QUEUE_TOO_BIG), or as much as there is.
enum queue_status byte_queue_skip_or_fail(struct byte_queue *queue, uint32_t bytes);
enum queue_status byte_queue_skip_at_most(struct byte_queue *queue, uint32_t bytes,
                                          uint32_t *skipped);

#endif
