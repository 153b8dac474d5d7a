#include "core/mpsc_ring.h"

#include "core/mpsc_mark.h"

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
