#include "core/ring_flag.h"

#include "core/atomic.h"

void ring_flag_reset(struct ring_flag *flag)
{
    flag->answered = 0;
    // Relaxed: the other side does not use the ring; the link that follows publishes this.
    store_relaxed(flag->own, 0);
}

uint32_t ring_flag_next(const struct ring_flag *flag)
{
    return flag->ticket == UINT32_MAX ? 1u : flag->ticket + 1u;
}

void ring_flag_raise(struct ring_flag *flag)
{
    flag->ticket = ring_flag_next(flag);
    // Relaxed: the fence orders it before the second look, and nothing else depends on it.
    store_relaxed(flag->own, flag->ticket);
    full_fence();
}

void ring_flag_lower(struct ring_flag *flag)
{
    // Relaxed, both: only this side stores it, and who still sees it raised rings once too often.
    if (load_relaxed(flag->own) != 0) {
        store_relaxed(flag->own, 0);
    }
}

bool ring_flag_answer(struct ring_flag *flag)
{
    full_fence(); // between the position just stored and the other's flag
    // Relaxed: the fence orders it, and nothing is read on the strength of it.
    uint32_t waiting = load_relaxed(flag->other);
    if (waiting == 0 || waiting == flag->answered) {
        return false;
    }
    flag->answered = waiting;
    return true;
}
