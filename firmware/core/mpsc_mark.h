// Where the marks and records of a ring of many producers lie, and what a mark says: for the two ends
// of the ring. mpsc_ring.h says what marks are for.
#ifndef CARILLON_CORE_MPSC_MARK_H
#define CARILLON_CORE_MPSC_MARK_H

#include "core/atomic.h"
#include "core/mpsc_ring.h"

#define HEADER_BYTES ((uint32_t)sizeof(struct carillon_mpsc_record_header))
#define SLOT_BYTES CARILLON_MPSC_SLOT_BYTES
#define STATE_BITS 2u
#define STATE_MASK ((1u << STATE_BITS) - 1u)

// Acquire and release, whether or not it was `expected`. Returns whether it was.
static inline bool exchange(uint32_t *word, uint32_t expected, uint32_t wanted)
{
    return __atomic_compare_exchange_n(word, &expected, wanted, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

// Relaxed: a counter.
static inline void count(uint32_t *counter)
{
    __atomic_fetch_add(counter, 1u, __ATOMIC_RELAXED);
}

// Bytes from the start of the data.
static inline uint32_t place_of(uint32_t capacity, uint32_t position)
{
    return position & (capacity - 1u);
}

// The mark of a slot that may be claimed at this position.
static inline uint32_t empty_mark(uint32_t capacity, uint32_t position)
{
    return position & ~(capacity - 1u);
}

// The mark of a record at this position.
static inline uint32_t mark_of(uint32_t capacity, uint32_t position, uint32_t record_bytes,
                               uint32_t state)
{
    return empty_mark(capacity, position) | ((record_bytes / SLOT_BYTES) << STATE_BITS) | state;
}

// Bytes of the record that a mark stands for; 0 of a free slot.
static inline uint32_t record_bytes_of(uint32_t capacity, uint32_t mark)
{
    return (place_of(capacity, mark) >> STATE_BITS) * SLOT_BYTES;
}

static inline uint32_t *marks_of(struct carillon_mpsc_control *control)
{
    return (uint32_t *)(control + 1);
}

static inline unsigned char *data_of(struct carillon_mpsc_control *control, uint32_t capacity)
{
    return (unsigned char *)(marks_of(control) + capacity / SLOT_BYTES);
}

static inline uint32_t *mark_at(uint32_t *marks, uint32_t capacity, uint32_t position)
{
    return &marks[place_of(capacity, position) / SLOT_BYTES];
}

static inline struct carillon_mpsc_record_header *record_at(unsigned char *data, uint32_t capacity,
                                                            uint32_t position)
{
    return (struct carillon_mpsc_record_header *)(data + place_of(capacity, position));
}

// With header, in whole slots. The caller has checked the length.
static inline uint32_t slots_bytes(uint32_t length)
{
    return (HEADER_BYTES + length + (SLOT_BYTES - 1u)) & ~(SLOT_BYTES - 1u);
}

static inline bool is_formatted(const struct carillon_mpsc_control *control, uint32_t capacity)
{
    // Acquire: the magic is stored after everything else.
    return load_acquire(&control->header.magic) == CARILLON_MPSC_MAGIC &&
           load_relaxed(&control->header.capacity) == capacity;
}

#endif
