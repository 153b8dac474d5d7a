// What lets an end of a ring sleep until the other has something for it.
#ifndef CARILLON_CORE_RING_FLAG_H
#define CARILLON_CORE_RING_FLAG_H

#include <stdbool.h>
#include <stdint.h>

// One end's half of the protocol that lets the other sleep. A side about to sleep stores a number
// that it has not used before in its own flag, then looks once more; the other rings when it finds
// a flag that it has not answered. So one sleep costs at most one bell.
struct ring_flag {
    uint32_t *own;
    const uint32_t *other;
    uint32_t ticket;   // that was stored last in this side's; 0 where none was
    uint32_t answered; // the last of the other's that was rung for
};

// Only while the other side does not use the ring.
void ring_flag_reset(struct ring_flag *flag);

// The number that the next raise stores. Never 0.
uint32_t ring_flag_next(const struct ring_flag *flag);

// Announces a sleep. Look once more before it.
void ring_flag_raise(struct ring_flag *flag);

// Takes the announcement back.
void ring_flag_lower(struct ring_flag *flag);

// Whether the other side sleeps and has not been rung for.
bool ring_flag_answer(struct ring_flag *flag);

#endif
