// A ring between one producer and one consumer, on any memory and any core: what both sides use is
// touched only with aligned 32-bit loads and stores, with acquire and release. The format is that
// of src/shm/spsc-ring-producer.ts and spsc-ring-consumer.ts.
//
// Positions run freely and wrap at 2^32; a position modulo the capacity is a place in the data.
// Records are a 16-byte header and a payload, aligned to 16 bytes and never split at the end of the
// data: a padding record fills what is too short.
#ifndef CARILLON_CORE_SPSC_RING_H
#define CARILLON_CORE_SPSC_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "carillon/shared_mem.h"
#include "core/ring_flag.h"

struct ring_producer {
    struct carillon_ring_producer *line;
    const struct carillon_ring_consumer *other;
    unsigned char *data;
    uint32_t capacity;
    uint32_t tail;           // with what is committed and not published
    uint32_t published_tail;
    uint32_t seen_head;      // loaded again only where it leaves too little room
    uint32_t refused_head;   // what the first claim saw that found too little room since the last sleep
    uint32_t claimed_length; // with the checksum; RING_NO_CLAIM
    uint32_t checksum_bytes; // at the end of each payload: 4 or none
    uint32_t records;
    uint32_t full;
    bool refused;            // a claim found too little room since the last sleep
    bool damaged;
    struct ring_flag flag;
};

struct ring_consumer {
    struct carillon_ring_consumer *line;
    const struct carillon_ring_producer *other;
    const unsigned char *data;
    uint32_t capacity;
    uint32_t head;           // with what is read and not freed
    uint32_t freed_head;
    uint32_t records;        // passed over
    uint32_t seen_tail;
    uint32_t record_bytes;   // of the record found last
    bool damaged;
    struct ring_flag flag;
};

// In the place of a claim's length, which is never as much.
#define RING_NO_CLAIM UINT32_MAX

#define RING_HEADER_BYTES ((uint32_t)sizeof(struct carillon_record_header))

// Bytes of a record with its header and what aligns the next one.
static inline uint32_t ring_record_bytes(uint32_t length)
{
    return RING_HEADER_BYTES + ((length + (RING_HEADER_BYTES - 1u)) & ~(RING_HEADER_BYTES - 1u));
}

// The longest payload of one record, without a checksum.
static inline uint32_t ring_payload_bytes_max(uint32_t capacity)
{
    return capacity / 4u - (uint32_t)sizeof(struct carillon_record_header);
}

// The longest that ring_claim takes.
static inline uint32_t ring_claim_bytes_max(const struct ring_producer *ring)
{
    return ring_payload_bytes_max(ring->capacity) - ring->checksum_bytes;
}

// Binds an end to a ring in memory. The caller has checked that it lies in the region.
void ring_producer_bind(struct ring_producer *ring, struct carillon_ring_control *control,
                        uint32_t capacity);
void ring_consumer_bind(struct ring_consumer *ring, struct carillon_ring_control *control,
                        uint32_t capacity);

// Ends each record from here on with a checksum, or not. The consumer looks at those that are there,
// and leaves them off the payload; a wrong one is damage.
void ring_producer_set_checksum(struct ring_producer *ring, bool on);

// Empties an end. Only while the other side does not use the ring.
void ring_producer_reset(struct ring_producer *ring);
void ring_consumer_reset(struct ring_consumer *ring);

// What every record goes through is inline, where the compiler sees both its ends: half as many again
// get through a ring. What only some need is a call.

static inline struct carillon_record_header *ring_record_at(const struct ring_producer *ring,
                                                            uint32_t position)
{
    return (struct carillon_record_header *)(ring->data + (position & (ring->capacity - 1u)));
}

// As ring_claim, also where there is more to do: pad the end, look for room, refuse.
void *ring_claim_anyhow(struct ring_producer *ring, uint32_t length);

// Room for a payload of `length` bytes, 16-byte aligned, or NULL: where there is too little room
// now, where `length` is over the maximum, or where the ring is damaged.
static inline void *ring_claim(struct ring_producer *ring, uint32_t length)
{
    uint32_t bytes = ring_record_bytes(length + ring->checksum_bytes);
    uint32_t to_end = ring->capacity - (ring->tail & (ring->capacity - 1u));
    uint32_t room = ring->capacity - (ring->tail - ring->seen_head);
    if (length > ring_claim_bytes_max(ring) || bytes > to_end || bytes > room || ring->damaged) {
        return ring_claim_anyhow(ring, length);
    }
    ring->claimed_length = length + ring->checksum_bytes;
    return ring_record_at(ring, ring->tail) + 1;
}

// Ends the record of `length` bytes at `header`, which is in the ring, with its checksum.
void ring_write_checksum(struct carillon_record_header *header, uint32_t length);

// Makes a record of what was claimed. The consumer sees it after ring_publish. The type is not 0. Of
// the flags, that of a checksum is the ring's own to set: it is passed over.
// False, and nothing is done, without a claim: the last one found no room, or was committed or aborted.
static inline bool ring_commit_flagged(struct ring_producer *ring, uint16_t type, uint16_t flags,
                                       uint32_t stream, uint32_t sequence)
{
    uint32_t length = ring->claimed_length;
    if (length == RING_NO_CLAIM) {
        return false;
    }
    struct carillon_record_header *header = ring_record_at(ring, ring->tail);
    uint32_t checksum_flag = ring->checksum_bytes > 0 ? CARILLON_RECORD_CHECKSUM : 0u;
    uint32_t other_flags = flags & ~(uint32_t)CARILLON_RECORD_CHECKSUM;
    // Plain stores: nothing of a record is read before the tail that covers it.
    *header = (struct carillon_record_header){.length = length,
                                              .type = type,
                                              .flags = (uint16_t)(other_flags | checksum_flag),
                                              .stream = stream,
                                              .sequence = sequence};
    if (checksum_flag != 0) {
        ring_write_checksum(header, length);
    }
    ring->claimed_length = RING_NO_CLAIM;
    ring->tail += ring_record_bytes(length);
    ring->records++;
    return true;
}

static inline bool ring_commit(struct ring_producer *ring, uint16_t type, uint32_t stream,
                               uint32_t sequence)
{
    return ring_commit_flagged(ring, type, 0, stream, sequence);
}

// Gives back what was claimed.
void ring_abort(struct ring_producer *ring);

// Shows the consumer everything committed. True where it sleeps and must be rung for.
bool ring_publish(struct ring_producer *ring);

// A record as the consumer finds it: its header copied, so that it stays what was checked.
struct ring_record {
    struct carillon_record_header header;
    const void *payload; // 16-byte aligned; valid until ring_free
};

// Reads the header at the head, behind which something was published. False where it is impossible.
static inline bool ring_look(struct ring_consumer *ring, struct ring_record *record)
{
    const unsigned char *place = ring->data + (ring->head & (ring->capacity - 1u));
    // Read once: the other side could change it after it was checked.
    record->header = *(const volatile struct carillon_record_header *)place;
    record->payload = place + RING_HEADER_BYTES;
    uint32_t length = record->header.length;
    uint32_t to_end = ring->capacity - (ring->head & (ring->capacity - 1u));
    uint32_t bytes = ring_record_bytes(length);
    // A length over the capacity could make the sum wrap.
    bool fits = record->header.type == CARILLON_COMMAND_PADDING
                    ? length < ring->capacity && bytes == to_end
                    : length <= ring_payload_bytes_max(ring->capacity) && bytes <= to_end;
    ring->record_bytes = bytes;
    return fits && bytes <= ring->seen_tail - ring->head;
}

// As ring_peek, also where there is more to do: look for a record, pass over padding, check a sum.
bool ring_peek_anyhow(struct ring_consumer *ring, struct ring_record *record);

// Finds the next record. False where there is none or the ring is damaged.
static inline bool ring_peek(struct ring_consumer *ring, struct ring_record *record)
{
    if (ring->head != ring->seen_tail && !ring->damaged && ring_look(ring, record) &&
        record->header.type != CARILLON_COMMAND_PADDING &&
        (record->header.flags & CARILLON_RECORD_CHECKSUM) == 0) {
        return true;
    }
    return ring_peek_anyhow(ring, record);
}

// Passes over the record that ring_peek found.
static inline void ring_advance(struct ring_consumer *ring)
{
    ring->head += ring->record_bytes;
    ring->record_bytes = 0;
    ring->records++;
}

// Gives the room of everything passed over back to the producer. True where it sleeps until there
// is room and must be rung for.
bool ring_free(struct ring_consumer *ring);

// Records that are committed and that the other end has not freed, or that it has published and this
// end has not passed over: as the other end says, and never more than the ring can hold.
uint32_t ring_producer_unread(const struct ring_producer *ring);
uint32_t ring_consumer_unread(const struct ring_consumer *ring);

// Announces that this end sleeps until there is room, or a record. False where that came meanwhile:
// then try again. The _wake takes the announcement back.
bool ring_producer_try_sleep(struct ring_producer *ring);
bool ring_consumer_try_sleep(struct ring_consumer *ring);
void ring_producer_wake(struct ring_producer *ring);
void ring_consumer_wake(struct ring_consumer *ring);

#endif
