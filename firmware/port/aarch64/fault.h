// What becomes of a core that does what it cannot.
#ifndef CARILLON_AARCH64_FAULT_H
#define CARILLON_AARCH64_FAULT_H

#include <stdint.h>

#include "core/core.h"
#include "port/aarch64/fault_frame.h"

// Core `index` begins, again perhaps. Until fault_watch, only its status tells of a fault.
void fault_begin(uint32_t index);

// From here on a fault of core `index` is told as this one's, and an SError is one.
void fault_watch(const struct core *core, uint32_t index);

// Called by fault_entry.S with the index of the vector, 0 to 15: writes the record, hands what the
// core did for others to another one, and parks it.
_Noreturn void fault_handle(uint64_t vector, const struct fault_frame *frame);

// Stops this core until the host wants it to begin anew.
_Noreturn void core_park(void);

#endif
