#include "core/mpsc_ring.h"

#include "core/mpsc_mark.h"

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

static uint32_t *mark_at_head(const struct mpsc_consumer *ring)
{
    return mark_at(ring->marks, ring->capacity, ring->head);
}

static bool load_tail(struct mpsc_consumer *ring)
{
    // Acquire, more than is needed: that it is no older than a mark is by the acquire of the mark, and
    // the slots before it were marked free by this side or found so by bind.
    uint32_t tail = load_acquire(&ring->control->producers.tail);
    uint32_t room = ring->capacity - (ring->head - ring->freed_head);
    if (tail - ring->head > room || (tail - ring->head) % SLOT_BYTES != 0) {
        ring->damaged = true;
        return false;
    }
    ring->seen_tail = tail;
    return true;
}

// Whether all that a mark at the head says is possible. It was loaded with acquire: its producer moved
// the tail before, and is not to be found damaged by an older one.
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
    // Acquire: check_mark may load the tail again, which is then no older than the mark.
    uint32_t mark = load_acquire(mark_at_head(ring));
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

bool mpsc_try_sleep(struct mpsc_consumer *ring)
{
    // Relaxed: only a consumer stores it, and for one after this, which is not to raise a number that
    // a producer has answered. Before the flag: this one may die in between.
    store_relaxed(&ring->control->consumer.sleeps, ring_flag_next(&ring->flag));
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
