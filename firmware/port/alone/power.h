// Turns cores on, and the machine off. Each machine does it in its own way.
#ifndef CARILLON_ALONE_POWER_H
#define CARILLON_ALONE_POWER_H

#include <stdbool.h>
#include <stdint.h>

// Before any other: whether the machine was entered at EL2, else at EL1.
void power_start(bool entered_at_el2);

// Starts a core that is off at `entry`, at the level at which core 0 was started. False where the
// machine has no such core, or it is on.
bool power_core_on(uint32_t core, void (*entry)(void));

// Cores from `first` on are never started: from now on they take no time.
void power_rest(uint32_t first);

// Ends the machine. Returns where it cannot.
void power_off(void);

#endif
