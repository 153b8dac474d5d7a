// A ring of many producers and one consumer, in coherent memory with a compare-and-swap: threads of
// a process, processes of a machine, or cores that share a cached memory. The format is that of
// src/shm/mpsc-ring-producer.ts and mpsc-ring-consumer.ts.
//
// Positions run freely and wrap at 2^32; a position modulo the capacity is a place in the data.
// Records are a 16-byte header and a payload, fill whole slots of 64 bytes and are never split at
// the end of the data: a padding record fills what is too short.
//
// Each slot has a mark, a word of its own between the control and the data, so that no payload is ever
// taken for one. That of a free slot is the lap in which it may be claimed next: the position with the
// bits below the capacity cut off. In those bits a record has its slots and its state. So the
// compare-and-swap of a producer that comes too late fails.
#ifndef CARILLON_CORE_MPSC_RING_H
#define CARILLON_CORE_MPSC_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "carillon/shared_mem.h"
#include "core/ring_flag.h"

// One for each thread that writes.
struct mpsc_producer {
    struct carillon_mpsc_control *control;
    uint32_t *marks;
    unsigned char *data;
    uint32_t capacity;
    uint32_t claimed_mark; // 0 where no claim is open
    uint32_t claimed_at;   // position
    uint32_t claimed_length;
    bool damaged;
    struct ring_flag flag;
};

struct mpsc_consumer {
    struct carillon_mpsc_control *control;
    uint32_t *marks;
    unsigned char *data;
    uint32_t capacity;
    uint32_t head;         // with what is read and not freed
    uint32_t freed_head;
    uint32_t seen_tail;
    uint32_t record_bytes; // of the record found last
    uint32_t unblocked;    // times that mpsc_unblock gave something up
    bool damaged;
    struct ring_flag flag;
};

// The longest payload of one record.
static inline uint32_t mpsc_message_bytes_max(uint32_t capacity)
{
    return capacity / 4u - (uint32_t)sizeof(struct carillon_mpsc_record_header);
}

// Bytes of memory that a ring takes: its control, its marks and its data.
static inline uint32_t mpsc_ring_bytes(uint32_t capacity)
{
    return (uint32_t)sizeof(struct carillon_mpsc_control) +
           capacity / CARILLON_MPSC_SLOT_BYTES * (uint32_t)sizeof(uint32_t) + capacity;
}

// Makes an empty ring of whatever the memory holds; its positions start at `position`, a multiple
// of CARILLON_MPSC_SLOT_BYTES. Only while nobody uses it. The caller has made sure of the capacity.
void mpsc_format(struct carillon_mpsc_control *control, uint32_t capacity, uint32_t position);

// Binds an end to a ring. The caller has checked that it lies in the memory. A consumer goes on
// where the last one stopped. False where no ring of this capacity was formatted there.
bool mpsc_producer_bind(struct mpsc_producer *ring, struct carillon_mpsc_control *control,
                        uint32_t capacity);
bool mpsc_consumer_bind(struct mpsc_consumer *ring, struct carillon_mpsc_control *control,
                        uint32_t capacity);

// Room for a payload of `length` bytes, 16-byte aligned, or NULL: where there is too little room
// now, where `length` is over the maximum, where a claim is open, or where the ring is damaged.
void *mpsc_claim(struct mpsc_producer *ring, uint32_t length);

// Makes a record of what was claimed. False where the consumer took this producer for dead and
// passed over it (counted), or where there is no claim.
bool mpsc_commit(struct mpsc_producer *ring, uint32_t type);

// Gives back what was claimed. What is behind it can be read then, so ask mpsc_should_ring.
void mpsc_abort(struct mpsc_producer *ring);

// Whether the consumer sleeps and this producer has not rung for it. Ask after one or more records,
// and after an abort.
bool mpsc_should_ring(struct mpsc_producer *ring);

// A record as the consumer finds it.
struct mpsc_record {
    uint32_t type;
    uint32_t length;
    const void *payload; // 16-byte aligned; valid until mpsc_free
};

// Finds the next record. False where there is none, where what was found fills the whole ring and
// must be freed first, or where the ring is damaged.
bool mpsc_peek(struct mpsc_consumer *ring, struct mpsc_record *record);

// Passes over the record that mpsc_peek found.
void mpsc_advance(struct mpsc_consumer *ring);

// Gives the room of everything passed over back to the producers.
void mpsc_free(struct mpsc_consumer *ring);

// Whether the next record is reserved and not published: a moment's matter, unless its producer has
// died. `at` is then a number that stays the same for as long as the same producer gets no further.
bool mpsc_is_blocked(const struct mpsc_consumer *ring, uint32_t *at);

// Gives up what blocks the ring, for a producer that has died or whose `at` has been the same for
// longer than a living one can take. What was only reserved is sealed slot by slot, each by an
// exchange that a living producer's claim either loses to, and begins anew, or wins. False where
// nothing was given up, because something has moved since `at` was found.
bool mpsc_unblock(struct mpsc_consumer *ring, uint32_t at);

// Announces that the consumer sleeps until there is a record. False where one came meanwhile: then
// try again. mpsc_wake takes the announcement back.
bool mpsc_try_sleep(struct mpsc_consumer *ring);
void mpsc_wake(struct mpsc_consumer *ring);

// Shows the producers that the consumer lives.
void mpsc_beat(struct mpsc_consumer *ring);

#endif
