// What a core tells of itself: lines of text for the host's log.
#ifndef CARILLON_CORE_TRACE_H
#define CARILLON_CORE_TRACE_H

#include <stdint.h>

#include "carillon/shared_mem.h"

struct core;

// The core's side of its trace. Zeroed is one that has told nothing.
struct trace {
    uint32_t tail;     // lines ever written, of this and of earlier starts
    uint32_t lost;     // lines that found no room
    uint32_t sequence; // of the next line
    // The last ones, also where they found no room: for a fault record.
    struct carillon_trace_record recent[CARILLON_FAULT_LINES];
};

// Tells a line, of 111 bytes at most, with what format_text understands. Never blocks: what finds no
// room in the region, or comes before the core is attached to one, is counted. Does nothing where no
// core runs. Not for use in an interrupt, which may come in the middle of it.
__attribute__((format(printf, 2, 3))) void trace(enum carillon_trace_level level,
                                                 const char *format, ...);

// Goes on where an earlier start of this core has ended. To be called when it attaches to a region.
void trace_attach(struct core *core);

// How often a counter of something that is wrong is told of. Zeroed is one that was never told.
struct trace_counter {
    uint32_t told;
    uint64_t next_us;
};

// Tells by how much a counter has moved since it was told last, with `what` behind the number, and at
// most once in ten seconds. To be called at each turn: what was held back is told later.
void trace_counter(struct trace_counter *counter, uint32_t value, const char *what, uint64_t now_us);

#endif
