// What becomes of a core that does what it cannot.
#ifndef CARILLON_AARCH64_FAULT_H
#define CARILLON_AARCH64_FAULT_H

#include <stdint.h>

// Which exception parked a core. Zero where none has.
struct fault_mark {
    uint64_t parked;    // 1
    uint64_t vector;    // 0 to 15, in the order of vectors.S
    uint64_t syndrome;  // ESR_EL1
    uint64_t at;        // ELR_EL1: the instruction
    uint64_t address;   // FAR_EL1: what was touched
};

// Marks this core, hands what it did for others to another one, and parks it.
_Noreturn void fault_park(uint64_t vector);

// Stops this core until the host wants it to begin anew.
_Noreturn void core_park(void);

// For a core that begins anew: the next fault is marked again.
void fault_forget(uint32_t core);

#endif
