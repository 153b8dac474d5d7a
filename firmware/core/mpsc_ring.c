#include "core/mpsc_ring.h"

#include <stddef.h>

#include "core/atomic.h"

#define HEADER_BYTES ((uint32_t)sizeof(struct carillon_mpsc_record_header))
#define SLOT_BYTES CARILLON_MPSC_SLOT_BYTES
#define STATE_BITS 2u
#define STATE_MASK ((1u << STATE_BITS) - 1u)

// Acquire and release, whether or not it was `expected`. Returns whether it was.
static bool exchange(uint32_t *word, uint32_t expected, uint32_t wanted)
{
    return __atomic_compare_exchange_n(word, &expected, wanted, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

// Relaxed: a counter.
static void count(uint32_t *counter)
{
    __atomic_fetch_add(counter, 1u, __ATOMIC_RELAXED);
}

static uint32_t place_of(uint32_t capacity, uint32_t position)
{
    return position & (capacity - 1u);
}

// The mark of a slot that may be claimed at this position.
static uint32_t empty_mark(uint32_t capacity, uint32_t position)
{
    return position & ~(capacity - 1u);
}

static uint32_t mark_of(uint32_t capacity, uint32_t position, uint32_t record_bytes, uint32_t state)
{
    return empty_mark(capacity, position) | ((record_bytes / SLOT_BYTES) << STATE_BITS) | state;
}

static uint32_t record_bytes_of(uint32_t capacity, uint32_t mark)
{
    return (place_of(capacity, mark) >> STATE_BITS) * SLOT_BYTES;
}

static uint32_t *marks_of(struct carillon_mpsc_control *control)
{
    return (uint32_t *)(control + 1);
}

static unsigned char *data_of(struct carillon_mpsc_control *control, uint32_t capacity)
{
    return (unsigned char *)(marks_of(control) + capacity / SLOT_BYTES);
}

static uint32_t *mark_at(uint32_t *marks, uint32_t capacity, uint32_t position)
{
    return &marks[place_of(capacity, position) / SLOT_BYTES];
}

static struct carillon_mpsc_record_header *record_at(unsigned char *data, uint32_t capacity,
                                                     uint32_t position)
{
    return (struct carillon_mpsc_record_header *)(data + place_of(capacity, position));
}

// With header, in whole slots. The caller has checked the length.
static uint32_t slots_bytes(uint32_t length)
{
    return (HEADER_BYTES + length + (SLOT_BYTES - 1u)) & ~(SLOT_BYTES - 1u);
}

static bool is_formatted(const struct carillon_mpsc_control *control, uint32_t capacity)
{
    // Acquire: the magic is stored after everything else.
    return load_acquire(&control->header.magic) == CARILLON_MPSC_MAGIC &&
           load_relaxed(&control->header.capacity) == capacity;
}

void mpsc_format(struct carillon_mpsc_control *control, uint32_t capacity, uint32_t position)
{
    // Relaxed, all but the last: nobody looks before the magic.
    store_relaxed(&control->header.magic, 0);
    *control = (struct carillon_mpsc_control){.header.capacity = capacity,
                                              .producers.tail = position,
                                              .consumer.head = position};
    uint32_t *marks = marks_of(control);
    for (uint32_t ahead = 0; ahead < capacity; ahead += SLOT_BYTES) {
        store_relaxed(mark_at(marks, capacity, position + ahead),
                      empty_mark(capacity, position + ahead));
    }
    store_release(&control->header.magic, CARILLON_MPSC_MAGIC);
}

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

bool mpsc_consumer_bind(struct mpsc_consumer *ring, struct carillon_mpsc_control *control,
                        uint32_t capacity)
{
    uint32_t *waiting = &control->consumer.waiting;
    // Acquire: the last consumer has freed the slots before this head.
    uint32_t head = load_acquire(&control->consumer.head);
    *ring = (struct mpsc_consumer){
        .control = control,
        .marks = marks_of(control),
        .data = data_of(control, capacity),
        .capacity = capacity,
        .head = head,
        .freed_head = head,
        .seen_tail = head,
        .flag = {.own = waiting,
                 .other = waiting,
                 // Relaxed: only a consumer stores it.
                 .ticket = load_relaxed(&control->consumer.sleeps)},
    };
    return is_formatted(control, capacity) && head % SLOT_BYTES == 0;
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

static uint32_t *mark_at_head(const struct mpsc_consumer *ring)
{
    return mark_at(ring->marks, ring->capacity, ring->head);
}

static bool load_tail(struct mpsc_consumer *ring)
{
    // Acquire: a tail that is no older than the marks that were seen.
    uint32_t tail = load_acquire(&ring->control->producers.tail);
    uint32_t room = ring->capacity - (ring->head - ring->freed_head);
    if (tail - ring->head > room || (tail - ring->head) % SLOT_BYTES != 0) {
        ring->damaged = true;
        return false;
    }
    ring->seen_tail = tail;
    return true;
}

// Whether all that a mark at the head says is possible.
static bool check_mark(struct mpsc_consumer *ring, uint32_t mark)
{
    uint32_t bytes = record_bytes_of(ring->capacity, mark);
    uint32_t to_end = ring->capacity - place_of(ring->capacity, ring->head);
    bool fits = (mark & STATE_MASK) == CARILLON_MPSC_EMPTY
                    ? bytes == 0
                    : bytes > 0 && bytes <= ring->capacity / 4u && bytes <= to_end;
    if (!fits || empty_mark(ring->capacity, mark) != empty_mark(ring->capacity, ring->head)) {
        ring->damaged = true;
        return false;
    }
    if (bytes > ring->seen_tail - ring->head && load_tail(ring)) {
        ring->damaged = bytes > ring->seen_tail - ring->head;
    }
    return !ring->damaged;
}

bool mpsc_peek(struct mpsc_consumer *ring, struct mpsc_record *record)
{
    while (!ring->damaged && ring->head - ring->freed_head < ring->capacity) {
        // Acquire: header and payload are as they were when the mark was stored.
        uint32_t mark = load_acquire(mark_at_head(ring));
        uint32_t state = mark & STATE_MASK;
        if (!check_mark(ring, mark) || state == CARILLON_MPSC_EMPTY ||
            state == CARILLON_MPSC_CLAIMED) {
            return false;
        }
        uint32_t bytes = record_bytes_of(ring->capacity, mark);
        if (state == CARILLON_MPSC_PADDING) {
            ring->head += bytes;
            continue;
        }
        const struct carillon_mpsc_record_header *header =
            record_at(ring->data, ring->capacity, ring->head);
        // Relaxed: a published record does not change. Read once, so that what is used is what was
        // checked where one changes nevertheless.
        record->length = load_relaxed(&header->length);
        record->type = load_relaxed(&header->type);
        record->payload = header + 1;
        if (record->length > bytes || slots_bytes(record->length) != bytes) {
            ring->damaged = true;
            return false;
        }
        ring->record_bytes = bytes;
        return true;
    }
    return false;
}

void mpsc_advance(struct mpsc_consumer *ring)
{
    ring->head += ring->record_bytes;
    ring->record_bytes = 0;
}

void mpsc_free(struct mpsc_consumer *ring)
{
    if (ring->head == ring->freed_head) {
        return;
    }
    for (uint32_t position = ring->freed_head; position != ring->head; position += SLOT_BYTES) {
        // Relaxed: the head publishes them, and a late producer's exchange fails before and after.
        store_relaxed(mark_at(ring->marks, ring->capacity, position),
                      empty_mark(ring->capacity, position + ring->capacity));
    }
    ring->freed_head = ring->head;
    // Release: the payloads are read and the slots free before a producer may claim them.
    store_release(&ring->control->consumer.head, ring->head);
}

// Whether mpsc_peek would find something, be it padding or damage.
static bool is_readable(const struct mpsc_consumer *ring)
{
    // Relaxed, in mpsc_try_sleep after the fence: mpsc_peek loads it again, with acquire.
    uint32_t low = load_relaxed(mark_at_head(ring)) ^ empty_mark(ring->capacity, ring->head);
    return low != 0 && (low & STATE_MASK) != CARILLON_MPSC_CLAIMED;
}

bool mpsc_is_blocked(const struct mpsc_consumer *ring, uint32_t *at)
{
    // Relaxed, both: a look, by which nothing is read.
    if (load_relaxed(&ring->control->producers.tail) == ring->head || is_readable(ring)) {
        return false;
    }
    // A position has these bits free.
    *at = ring->head | (load_relaxed(mark_at_head(ring)) & STATE_MASK);
    return true;
}

// Turns slots from the head on into padding, up to the first that is marked, or the tail.
static bool seal(struct mpsc_consumer *ring)
{
    uint32_t position = ring->head;
    while (position != ring->seen_tail &&
           exchange(mark_at(ring->marks, ring->capacity, position),
                    empty_mark(ring->capacity, position),
                    mark_of(ring->capacity, position, SLOT_BYTES, CARILLON_MPSC_PADDING))) {
        position += SLOT_BYTES;
    }
    return position != ring->head;
}

bool mpsc_unblock(struct mpsc_consumer *ring, uint32_t at)
{
    uint32_t state = at & STATE_MASK;
    if (ring->damaged || at - state != ring->head || !load_tail(ring)) {
        return false;
    }
    // Relaxed: the exchange decides.
    uint32_t mark = load_relaxed(mark_at_head(ring));
    if (!check_mark(ring, mark) || (mark & STATE_MASK) != state) {
        return false;
    }
    bool given = false;
    if (state == CARILLON_MPSC_CLAIMED) {
        given = exchange(mark_at_head(ring), mark,
                         mark ^ CARILLON_MPSC_CLAIMED ^ CARILLON_MPSC_PADDING);
    } else if (state == CARILLON_MPSC_EMPTY) {
        given = seal(ring);
    }
    ring->unblocked += given ? 1u : 0u;
    return given;
}

// A counter, and the last number that the flag had, for a consumer after this: never 0, as there.
static void count_sleep(uint32_t *sleeps)
{
    count(sleeps);
    // Relaxed: only a consumer stores it.
    if (load_relaxed(sleeps) == 0) {
        count(sleeps);
    }
}

bool mpsc_try_sleep(struct mpsc_consumer *ring)
{
    count_sleep(&ring->control->consumer.sleeps);
    ring_flag_raise(&ring->flag);
    if (!is_readable(ring)) {
        return true;
    }
    ring_flag_lower(&ring->flag);
    return false;
}

void mpsc_wake(struct mpsc_consumer *ring)
{
    ring_flag_lower(&ring->flag);
}

void mpsc_beat(struct mpsc_consumer *ring)
{
    count(&ring->control->consumer.heartbeat);
}
