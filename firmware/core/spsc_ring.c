#include "core/spsc_ring.h"

#include <stddef.h>

#include "core/atomic.h"
#include "core/crc32.h"

#define HEADER_BYTES RING_HEADER_BYTES
#define CHECKSUM_BYTES 4u

void ring_producer_bind(struct ring_producer *ring, struct carillon_ring_control *control,
                        uint32_t capacity)
{
    *ring = (struct ring_producer){
        .line = &control->producer,
        .other = &control->consumer,
        .data = (unsigned char *)(control + 1),
        .capacity = capacity,
        .claimed_length = RING_NO_CLAIM,
        .flag = {.own = &control->producer.waiting, .other = &control->consumer.waiting},
    };
}

void ring_consumer_bind(struct ring_consumer *ring, struct carillon_ring_control *control,
                        uint32_t capacity)
{
    *ring = (struct ring_consumer){
        .line = &control->consumer,
        .other = &control->producer,
        .data = (const unsigned char *)(control + 1),
        .capacity = capacity,
        .flag = {.own = &control->consumer.waiting, .other = &control->producer.waiting},
    };
}

void ring_producer_set_checksum(struct ring_producer *ring, bool on)
{
    ring->checksum_bytes = on ? CHECKSUM_BYTES : 0;
}

void ring_producer_reset(struct ring_producer *ring)
{
    ring->tail = ring->published_tail = ring->seen_head = 0;
    ring->records = ring->full = 0;
    ring->claimed_length = RING_NO_CLAIM;
    ring->refused = ring->damaged = false;
    ring_flag_reset(&ring->flag);
    // Relaxed: the link that follows publishes them.
    store_relaxed(&ring->line->records, 0);
    store_relaxed(&ring->line->full, 0);
    store_relaxed(&ring->line->tail, 0);
}

void ring_consumer_reset(struct ring_consumer *ring)
{
    ring->head = ring->freed_head = ring->seen_tail = ring->record_bytes = 0;
    ring->records = 0;
    ring->damaged = false;
    ring_flag_reset(&ring->flag);
    // Relaxed, both: the link that follows publishes them.
    store_relaxed(&ring->line->records, 0);
    store_relaxed(&ring->line->head, 0);
}

static bool has_room(struct ring_producer *ring, uint32_t bytes)
{
    if (ring->capacity - (ring->tail - ring->seen_head) >= bytes) {
        return true;
    }
    // Acquire: the consumer has finished reading what it gives back.
    uint32_t head = load_acquire(&ring->other->head);
    if (ring->tail - head > ring->capacity || head % HEADER_BYTES != 0) {
        ring->damaged = true;
        return false;
    }
    ring->seen_head = head;
    return ring->capacity - (ring->tail - head) >= bytes;
}

void *ring_claim_anyhow(struct ring_producer *ring, uint32_t length)
{
    ring->claimed_length = RING_NO_CLAIM;
    if (length > ring_claim_bytes_max(ring) || ring->damaged) {
        return NULL;
    }
    length += ring->checksum_bytes;
    uint32_t bytes = ring_record_bytes(length);
    uint32_t to_end = ring->capacity - (ring->tail & (ring->capacity - 1u));
    uint32_t padding = bytes > to_end ? to_end : 0;
    if (!has_room(ring, padding + bytes)) {
        if (!ring->refused) {
            ring->refused = true;
            ring->refused_head = ring->seen_head;
        }
        // Relaxed: a counter.
        store_relaxed(&ring->line->full, ++ring->full);
        return NULL;
    }
    if (padding > 0) {
        *ring_record_at(ring, ring->tail) = (struct carillon_record_header){
            .length = padding - HEADER_BYTES, .type = CARILLON_COMMAND_PADDING};
        ring->tail += padding;
    }
    ring->claimed_length = length;
    return ring_record_at(ring, ring->tail) + 1;
}

// Of a record of `length` bytes, over all of it but the checksum's own place.
static uint32_t checksum_of(const struct carillon_record_header *header, const void *payload,
                            uint32_t length)
{
    uint32_t crc = crc32_of(0, header, HEADER_BYTES);
    return crc32_of(crc, payload, length - CHECKSUM_BYTES);
}

// By bytes: the end of a payload is aligned to nothing. The length is the caller's, for the one in the
// ring may be another by now: checksums are for memory that is not trusted.
void ring_write_checksum(struct carillon_record_header *header, uint32_t length)
{
    uint32_t checksum = checksum_of(header, header + 1, length);
    unsigned char *end = (unsigned char *)(header + 1) + length;
    for (uint32_t i = 0; i < CHECKSUM_BYTES; i++) {
        end[(int)i - (int)CHECKSUM_BYTES] = (unsigned char)(checksum >> (8u * i));
    }
}

static bool has_right_checksum(const struct ring_record *record)
{
    if (record->header.length < CHECKSUM_BYTES) {
        return false;
    }
    const unsigned char *place =
        (const unsigned char *)record->payload + record->header.length - CHECKSUM_BYTES;
    uint32_t found = 0;
    for (uint32_t i = 0; i < CHECKSUM_BYTES; i++) {
        found |= (uint32_t)place[i] << (8u * i);
    }
    return found == checksum_of(&record->header, record->payload, record->header.length);
}

void ring_abort(struct ring_producer *ring)
{
    ring->claimed_length = RING_NO_CLAIM;
}

bool ring_publish(struct ring_producer *ring)
{
    if (ring->tail == ring->published_tail) {
        return false;
    }
    ring->published_tail = ring->tail;
    // Relaxed: a counter; the tail publishes it.
    store_relaxed(&ring->line->records, ring->records);
    // Release: the payloads and headers are seen before the tail.
    store_release(&ring->line->tail, ring->tail);
    return ring_flag_answer(&ring->flag);
}

// Whether there is something at the head. Looks at the other side only when what was seen is used up.
static bool has_record(struct ring_consumer *ring)
{
    if (ring->head != ring->seen_tail) {
        return true;
    }
    // Acquire: what the producer wrote before this tail.
    uint32_t tail = load_acquire(&ring->other->tail);
    // What is read and not freed takes room as well. A tail that went back lies a whole turn of
    // the positions ahead.
    uint32_t room = ring->capacity - (ring->head - ring->freed_head);
    if (tail - ring->head > room || tail % HEADER_BYTES != 0) {
        ring->damaged = true;
        return false;
    }
    ring->seen_tail = tail;
    return ring->head != tail;
}

// Leaves the checksum, where there is one, off the payload. False where it is wrong.
static bool check_checksum(struct ring_consumer *ring, struct ring_record *record)
{
    if ((record->header.flags & CARILLON_RECORD_CHECKSUM) == 0) {
        return true;
    }
    if (!has_right_checksum(record)) {
        ring->damaged = true;
        return false;
    }
    record->header.length -= CHECKSUM_BYTES;
    return true;
}

bool ring_peek_anyhow(struct ring_consumer *ring, struct ring_record *record)
{
    while (!ring->damaged && has_record(ring)) {
        if (!ring_look(ring, record)) {
            ring->damaged = true;
        } else if (record->header.type == CARILLON_COMMAND_PADDING) {
            ring->head += ring->record_bytes;
        } else {
            return check_checksum(ring, record);
        }
    }
    return false;
}

bool ring_free(struct ring_consumer *ring)
{
    if (ring->head == ring->freed_head) {
        return false;
    }
    ring->freed_head = ring->head;
    // Relaxed: a counter; the head publishes it.
    store_relaxed(&ring->line->records, ring->records);
    // Release: the payloads have been read before the producer may overwrite them.
    store_release(&ring->line->head, ring->head);
    return ring_flag_answer(&ring->flag);
}

// How many records lie between two counters, one of which the other side wrote.
static uint32_t records_between(uint32_t from, uint32_t to, uint32_t capacity)
{
    uint32_t most = capacity / HEADER_BYTES;
    return to - from < most ? to - from : most;
}

uint32_t ring_producer_unread(const struct ring_producer *ring)
{
    // Relaxed, here and below: a counter, which is all that is read of the other side.
    return records_between(load_relaxed(&ring->other->records), ring->records, ring->capacity);
}

uint32_t ring_consumer_unread(const struct ring_consumer *ring)
{
    return records_between(ring->records, load_relaxed(&ring->other->records), ring->capacity);
}

bool ring_producer_try_sleep(struct ring_producer *ring)
{
    // A claim that came after the one that found no room may have seen room made meanwhile.
    uint32_t before = ring->refused ? ring->refused_head : ring->seen_head;
    ring->refused = false;
    ring_flag_raise(&ring->flag);
    // Relaxed, after the fence: claim loads it again, with acquire, before it uses the room.
    if (load_relaxed(&ring->other->head) == before) {
        return true;
    }
    ring_flag_lower(&ring->flag);
    return false;
}

bool ring_consumer_try_sleep(struct ring_consumer *ring)
{
    ring_flag_raise(&ring->flag);
    // Relaxed, after the fence: peek loads it again, with acquire, before it reads a record.
    if (load_relaxed(&ring->other->tail) == ring->head) {
        return true;
    }
    ring_flag_lower(&ring->flag);
    return false;
}

void ring_producer_wake(struct ring_producer *ring)
{
    ring_flag_lower(&ring->flag);
}

void ring_consumer_wake(struct ring_consumer *ring)
{
    ring_flag_lower(&ring->flag);
}
