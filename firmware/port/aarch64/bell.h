// Which cores have been rung for.
#ifndef CARILLON_AARCH64_BELL_H
#define CARILLON_AARCH64_BELL_H

#include <stdbool.h>
#include <stdint.h>

// In an interrupt of `core`: it has been rung for.
void bell_heard(uint32_t core);

// Whether a core has been rung for since the last call. For itself, with interrupts masked.
bool bell_take(uint32_t core);

#endif
