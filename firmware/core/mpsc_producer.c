#include "core/mpsc_ring.h"

#include <stddef.h>

#include "core/mpsc_mark.h"

bool mpsc_producer_bind(struct mpsc_producer *ring, struct carillon_mpsc_control *control,
                        uint32_t capacity)
{
    uint32_t *waiting = &control->consumer.waiting;
    *ring = (struct mpsc_producer){
        .control = control,
        .marks = marks_of(control),
        .data = data_of(control, capacity),
        .capacity = capacity,
        .flag = {.own = waiting, .other = waiting},
    };
    return is_formatted(control, capacity);
}

// Marks what was reserved. False where the consumer has sealed it: of the two exchanges one wins,
// and nothing is written to a slot before.
static bool take(struct mpsc_producer *ring, uint32_t position, uint32_t mark)
{
    return exchange(mark_at(ring->marks, ring->capacity, position),
                    empty_mark(ring->capacity, position), mark);
}

// Moves the tail over `bytes` in one piece. False where they do not fit, or the ring is damaged.
static bool reserve(struct mpsc_producer *ring, uint32_t bytes, uint32_t *position)
{
    uint32_t *tail_word = &ring->control->producers.tail;
    for (;;) {
        // Acquire: the head is loaded after it, and is one that whoever moved the tail has seen.
        uint32_t tail = load_acquire(tail_word);
        // Acquire: the consumer has freed the slots that it gives back. Loaded each time: a head
        // kept while 2^32 bytes went by would look like a new one.
        uint32_t head = load_acquire(&ring->control->consumer.head);
        uint32_t used = tail - head;
        if (used > ring->capacity || used % SLOT_BYTES != 0) {
            // Unless others have moved both since the tail was loaded.
            if (load_acquire(tail_word) != tail) {
                continue;
            }
            ring->damaged = true;
            return false;
        }
        uint32_t to_end = ring->capacity - place_of(ring->capacity, tail);
        uint32_t padding = bytes > to_end ? to_end : 0;
        if (ring->capacity - used < padding + bytes) {
            count(&ring->control->counters.full);
            return false;
        }
        // Release: who sees this tail sees the head by which it was found to be free.
        if (!exchange(tail_word, tail, tail + padding + bytes)) {
            continue;
        }
        if (padding > 0) {
            // Where the consumer has sealed it meanwhile, it is padding already.
            take(ring, tail, mark_of(ring->capacity, tail, padding, CARILLON_MPSC_PADDING));
        }
        *position = tail + padding;
        return true;
    }
}

void *mpsc_claim(struct mpsc_producer *ring, uint32_t length)
{
    if (length > mpsc_message_bytes_max(ring->capacity) || ring->claimed_mark != 0 ||
        ring->damaged) {
        return NULL;
    }
    uint32_t bytes = slots_bytes(length);
    uint32_t position;
    // Every round uses up room, so that at the latest a full ring ends it.
    while (reserve(ring, bytes, &position)) {
        uint32_t mark = mark_of(ring->capacity, position, bytes, CARILLON_MPSC_CLAIMED);
        if (take(ring, position, mark)) {
            ring->claimed_mark = mark;
            ring->claimed_at = position;
            ring->claimed_length = length;
            return record_at(ring->data, ring->capacity, position) + 1;
        }
        count(&ring->control->counters.overtaken);
    }
    return NULL;
}

static bool close_claim(struct mpsc_producer *ring, uint32_t *mark, uint32_t state)
{
    uint32_t claimed = ring->claimed_mark;
    ring->claimed_mark = 0;
    // Release: header and payload are seen before the mark.
    if (exchange(mark, claimed, claimed ^ CARILLON_MPSC_CLAIMED ^ state)) {
        return true;
    }
    count(&ring->control->counters.refused);
    return false;
}

bool mpsc_commit(struct mpsc_producer *ring, uint32_t type)
{
    if (ring->claimed_mark == 0) {
        return false;
    }
    uint32_t *mark = mark_at(ring->marks, ring->capacity, ring->claimed_at);
    // Relaxed: only so that a producer which comes much too late writes no header in what is not its
    // own any more. What decides is the exchange.
    if (load_relaxed(mark) == ring->claimed_mark) {
        struct carillon_mpsc_record_header *header =
            record_at(ring->data, ring->capacity, ring->claimed_at);
        header->length = ring->claimed_length;
        header->type = type;
    }
    return close_claim(ring, mark, CARILLON_MPSC_PUBLISHED);
}

void mpsc_abort(struct mpsc_producer *ring)
{
    if (ring->claimed_mark != 0) {
        close_claim(ring, mark_at(ring->marks, ring->capacity, ring->claimed_at),
                    CARILLON_MPSC_PADDING);
    }
}

bool mpsc_should_ring(struct mpsc_producer *ring)
{
    return ring_flag_answer(&ring->flag);
}
