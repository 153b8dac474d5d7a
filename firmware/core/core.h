// One core: attaches to the shared region, answers the host's commands, runs its streams.
#ifndef CARILLON_CORE_CORE_H
#define CARILLON_CORE_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "carillon/shared_mem.h"
#include "core/assert.h"
#include "core/port.h"
#include "core/spsc_ring.h"
#include "core/stream.h"
#include "core/trace.h"

struct core {
    const struct port *port;
    struct carillon_shared_mem *shared;
    uint32_t region_bytes; // mapped
    uint32_t index;

    uint32_t session;      // attached to; 0 where to none
    uint32_t boot;
    uint32_t link;         // whose rings are in use; 0 where none are
    uint32_t refused_link; // whose rings were found damaged
    struct ring_consumer in;
    struct ring_producer out;

    uint32_t described;    // effects told so far, while a DESCRIBE is answered
    uint32_t heartbeat;
    uint64_t booted_us;
    uint64_t busy_us;
    uint64_t stack_look_us; // when the stack is looked at next
    uint32_t stack_used;
    uint32_t blocks;
    uint32_t overruns;
    uint32_t refused;
    uint32_t damaged;
    uint32_t lost;
    bool stopping;

    struct trace trace;
    struct trace_counter refused_told;
    struct trace_counter overruns_told;
    struct failure failure;

    struct stream_set streams;
};

// Runs until the host stops the core or is gone. `core` is zeroed but for the first four members.
void core_run(struct core *core);

#endif
