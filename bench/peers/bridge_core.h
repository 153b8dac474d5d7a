// The core of the bridge in C, and the region that both share: how it starts, and what it says it can do.
#ifndef CARILLON_BENCH_BRIDGE_CORE_H
#define CARILLON_BENCH_BRIDGE_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "carillon/shared_mem.h"
#include "core/spsc_ring.h"

enum { EFFECT_INFOS_MAX = 64 };

struct bridge_core {
    struct ring_producer to_core;
    struct ring_consumer from_core;
    int socket;   // ends when the core does
    int own_bell; // an eventfd that the core rings
    struct carillon_effect_info effects[EFFECT_INFOS_MAX];
    uint32_t effect_count;
};

// The one that the bridge has.
extern struct bridge_core core;

// Makes the region, starts the core, links it and asks it for its effects. Ends the program where that
// cannot be done.
void core_start(const char *firmware, bool polls);

// Rings the core's bell.
void core_ring(void);

// On the monotonic clock.
uint64_t core_now_us(void);

#endif
