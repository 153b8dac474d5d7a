// One core begins anew, or is taken down, while the others go on: the host asks for it by
// `core_control.run`, and rings.
#ifndef CARILLON_AARCH64_RESTART_H
#define CARILLON_AARCH64_RESTART_H

#include <stdint.h>

// What every start of a core is from its stack on (main.c), the first and the others. Interrupts are
// masked.
_Noreturn void core_begin(uint32_t core);

// For a core that begins: what has been asked for so far is done. Before it tells the host of its boot.
void restart_begin(uint32_t core);

// Does what the host has asked for since; returns where that is nothing. With interrupts masked, as
// whatever the core was at is given up.
void restart_follow(uint32_t core);

// Parks this core, which has left the others (life_leave), until it is to begin anew. With interrupts
// masked.
_Noreturn void restart_wait(uint32_t core);

// Gives up all that is on this core's stack, and begins anew. With interrupts masked. (restart_core.S)
_Noreturn void restart_core(uint32_t core);

#endif
