// Where a core comes from and where it goes. The machine may be the firmware's alone (port/alone), or
// Linux has another of its cores (port/beside_linux).
#ifndef CARILLON_AARCH64_LIFE_H
#define CARILLON_AARCH64_LIFE_H

#include <stdbool.h>
#include <stdint.h>

// A core was started by the machine, at EL2 or else EL1. Before it does anything else.
void life_start(uint32_t core, bool entered_at_el2);

// A core runs, again perhaps; harmless for one that has not left.
void life_join(uint32_t core);

// A core runs no more: it faulted, or was taken down. It may join again.
void life_leave(uint32_t core);

// As life_leave, of a core that was stopped in good order. Does not return where that ends the machine.
void life_end(uint32_t core);

// Turns this core off, with interrupts masked: it begins by life_start when it is started again.
// Returns where it cannot be, and is to wait until it is rung for.
void life_off(void);

#endif
