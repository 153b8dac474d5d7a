// Messages over a ring of single records: what is longer than a record goes in several, one behind
// the other, and is put together again. The format is that of src/shm/ring-message-writer.ts and
// ring-message-reader.ts: all records of a message have its type, stream and sequence; every one but
// the last is flagged MORE, and every one but the first CONTINUED.
#ifndef CARILLON_CORE_RING_MESSAGE_H
#define CARILLON_CORE_RING_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/spsc_ring.h"

struct ring_message {
    uint16_t type;
    uint32_t stream;
    uint32_t sequence;
    const void *bytes;
    uint32_t length; // up to CARILLON_MESSAGE_BYTES_MAX
};

struct ring_message_writer {
    struct ring_producer *ring;
    struct ring_message message; // what is left of it
    bool busy;                   // a message is under way
    bool continued;              // and a record of it is committed
};

// Also after a reset of the ring: what was under way is given up.
void ring_message_writer_init(struct ring_message_writer *writer, struct ring_producer *ring);

// Begins a message, whose bytes stay as they are until it is whole. Only while none is under way.
void ring_message_begin(struct ring_message_writer *writer, const struct ring_message *message);

// Goes on as far as there is room. True where the message is whole; else the consumer has to make
// room, which it can once what is committed is published.
bool ring_message_continue(struct ring_message_writer *writer);

struct ring_message_reader {
    struct ring_consumer *ring;
    unsigned char *buffer;
    uint32_t buffer_bytes;
    struct ring_message joined; // of which `length` bytes have come
    bool joining;               // a message has begun and is not whole
    bool too_long;              // and does not fit the buffer
    uint32_t too_long_count;    // messages that did not fit the buffer
    uint32_t broken_count;      // messages of which a piece did not come
};

// `buffer` is where messages of several records are put together: the longest there can be. Also after
// a reset of the ring: what has come of a message is forgotten, and the counts begin anew.
void ring_message_reader_init(struct ring_message_reader *reader, struct ring_consumer *ring,
                              void *buffer, uint32_t buffer_bytes);

// Finds the next message. False where there is none yet, or the ring is damaged. Its bytes are
// valid until ring_message_advance, which must come before the next one.
bool ring_message_peek(struct ring_message_reader *reader, struct ring_message *message);
void ring_message_advance(struct ring_message_reader *reader);

#endif
