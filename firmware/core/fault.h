// The record of what ended a core, in the shared region. A port calls it from its handler of
// exceptions; nothing of the core itself runs after that.
#ifndef CARILLON_CORE_FAULT_H
#define CARILLON_CORE_FAULT_H

#include <stdint.h>

#include "carillon/shared_mem.h"

struct core;

#define FAULT_MACHINE_X86_64 62u
#define FAULT_MACHINE_AARCH64 183u

// What a port knows of it; fault_record in shared-mem.ts says what each field means.
struct fault {
    enum carillon_fault_kind kind;
    uint32_t machine;
    uint32_t register_count;
    uint64_t time_us;
    uint64_t load_bias;
    uint64_t esr;
    uint64_t far;
    uint64_t elr;
    uint64_t caller;
    uint64_t sp;
    uint64_t spsr;
    uint64_t registers[CARILLON_FAULT_REGISTERS];
};

// Writes the record of core `index`, with its failed assertion and the end of its trace, then marks
// the core faulted. `core` may be damaged: where it leads nowhere that faults again, and
// fault_mark is what is left to call. Writes nothing where `shared` is no region of this layout.
void fault_report(struct carillon_shared_mem *shared, uint32_t index, const struct core *core,
                  const struct fault *fault);

// Only marks the core faulted.
void fault_mark(struct carillon_shared_mem *shared, uint32_t index);

#endif
