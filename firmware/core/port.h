// What the core needs from the machine under it. A port is one of these structs.
#ifndef CARILLON_CORE_PORT_H
#define CARILLON_CORE_PORT_H

#include <stdbool.h>
#include <stdint.h>

struct port {
    void *context;

    // Microseconds since some fixed moment; never goes back.
    uint64_t (*now_us)(void *context);

    // Sleeps until the host rings or `timeout_us` is over, or less. Bells rung before the call
    // count. False where there is no host any more.
    bool (*wait)(void *context, uint32_t timeout_us);

    // Rings the host's doorbell. Does not block. Who is woken by it sees what was stored before: a bell
    // that overtakes a store is a bell for nothing, and no other follows.
    void (*ring)(void *context);

    // How large the core's stack is, and the most of it that was ever in use, in bytes. 0 and NULL
    // where that is not known.
    uint32_t stack_bytes;
    uint32_t (*stack_used)(void *context);

    // What the core does between two looks at its ring where it polls: a hint to the processor, or
    // nothing. It then never sleeps until there is a command, so the host does not ring for one, and
    // keeps its processor busy. NULL where it sleeps.
    void (*relax)(void *context);
};

#endif
