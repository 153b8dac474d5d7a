// Which cores run, and which of them have been rung for.
#ifndef CARILLON_AARCH64_BELL_H
#define CARILLON_AARCH64_BELL_H

#include <stdbool.h>
#include <stdint.h>

// For core 0, before the others are started: cores from 0 to `cores` - 1 run.
void bell_start(uint32_t cores);

// A core runs again; harmless for one that has not left.
void bell_join(uint32_t core);

// Takes a core out. Of those that are left, the first hears the host's bell from now on; where none is
// left, it stays with the last. Returns how many are left.
uint32_t bell_leave(uint32_t core);

// In an interrupt of `core`: it has been rung for.
void bell_heard(uint32_t core);
// In an interrupt of `core`: the host's doorbell rang, which it may have done for others too.
void bell_pass_on(uint32_t core);

// Whether a core has been rung for since the last call. For itself, with interrupts masked.
bool bell_take(uint32_t core);

#endif
