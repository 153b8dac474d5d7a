// A queue of messages over a byte queue, each with checksums: the names of the Rust crate
// shared-mem-queue, and its format as docs/queues.md describes it. The host's is
// src/shm/msg-queue.ts.
//
// A message is its prefix, u8 version, u32 size of the data, u32 checksum of all that, data, u32
// checksum of all that; numbers in little-endian. What is damaged is never delivered: it is skipped
// to the next prefix, counted, and named by a status once; the next call goes on behind it.
#ifndef CARILLON_CORE_MSG_QUEUE_H
#define CARILLON_CORE_MSG_QUEUE_H

#include "core/byte_queue.h"

#define MSG_QUEUE_PROTOCOL_VERSION 1u
#define MSG_QUEUE_PREFIX_BYTES_MAX 64u
#define MSG_QUEUE_FIXED_HEADER_BYTES 9u
#define MSG_QUEUE_HEADER_BYTES_MAX (MSG_QUEUE_PREFIX_BYTES_MAX + MSG_QUEUE_FIXED_HEADER_BYTES)
#define MSG_QUEUE_CRC_BYTES 4u

struct msg_queue {
    struct byte_queue *queue;
    const unsigned char *prefix;
    uint32_t prefix_bytes;
    unsigned char *buffer; // for the message read last
    uint32_t buffer_bytes;
    // What the reader has seen. The skipped bytes belonged to no message that was delivered.
    uint32_t messages;
    uint32_t skipped_bytes;
    uint32_t damaged;
    uint32_t too_big;
    uint32_t wrong_version;
};

// `prefix` is what every message begins with, the same on both sides: 0 to 64 bytes. It and the
// buffer must outlive the queue; who only writes needs no buffer. QUEUE_ARGUMENT where the prefix
// is too long, or not even an empty message fits.
enum queue_status msg_queue_bind(struct msg_queue *messages, struct byte_queue *queue,
                                 const void *prefix, uint32_t prefix_bytes, void *buffer,
                                 uint32_t buffer_bytes);

// The longest message that the queue holds, in bytes.
uint32_t msg_queue_largest_message(const struct msg_queue *messages);

// Writes a message whole, or nothing: QUEUE_FULL, QUEUE_TOO_BIG, QUEUE_DAMAGED; where it blocks,
// QUEUE_TIMEOUT in place of QUEUE_FULL.
enum queue_status msg_queue_write_or_fail(struct msg_queue *messages, const void *data,
                                          uint32_t bytes);
enum queue_status msg_queue_write_blocking(struct msg_queue *messages, const void *data,
                                           uint32_t bytes, struct queue_wait wait);

// Copies the next message to the buffer, where it stays until the next call, and says how long it
// is: QUEUE_EMPTY, QUEUE_CRC, QUEUE_VERSION, QUEUE_TOO_BIG where it is longer than the buffer,
// QUEUE_DAMAGED; where it blocks, QUEUE_TIMEOUT in place of QUEUE_EMPTY. After QUEUE_CRC,
// QUEUE_VERSION and QUEUE_TOO_BIG at least a byte has been skipped, so that calling again ends.
enum queue_status msg_queue_read_or_fail(struct msg_queue *messages, uint32_t *bytes);
enum queue_status msg_queue_read_blocking(struct msg_queue *messages, struct queue_wait wait,
                                          uint32_t *bytes);

#endif
