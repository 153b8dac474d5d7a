// What the side that receives measures: how many messages come in a time.
#ifndef CARILLON_BENCH_RINGS_WINDOW_H
#define CARILLON_BENCH_RINGS_WINDOW_H

#ifdef __cplusplus
extern "C" {
#endif

#include <stdint.h>

#include "rings/side.h"

// Counts what was received: begins with the first message, warms up, counts, prints and exits.
struct window {
    const struct side_options *options;
    enum { WINDOW_WAITS, WINDOW_WARMS_UP, WINDOW_COUNTS } state;
    uint64_t begin_ns;
    uint64_t messages;
    uint32_t turns;
};

// Looks at the clock. Never ends a window without a message in it.
void window_look(struct window *window);

// To be called after each look for messages, with how many there were; 0 counts as a turn as well.
static inline void window_turn(struct window *window, uint32_t messages)
{
    // Looking at the clock takes as long as a few messages.
    const uint32_t turns_per_look = 64;
    window->messages += messages;
    if (++window->turns % turns_per_look == 0) {
        window_look(window);
    }
}

#ifdef __cplusplus
}
#endif

#endif
