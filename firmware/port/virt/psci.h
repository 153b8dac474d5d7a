// Turns cores on and off, and the machine off: the firmware of the machine does it, by PSCI.
#ifndef CARILLON_VIRT_PSCI_H
#define CARILLON_VIRT_PSCI_H

#include <stdbool.h>
#include <stdint.h>

// Before any other: whether the machine was entered at EL2. It is then asked by SMC, else by HVC.
void psci_start(bool entered_at_el2);

// Starts a core that is off at `entry`, at the level at which core 0 was started. False where the
// machine has no such core, or it is on.
bool psci_core_on(uint32_t core, void (*entry)(void));

// Ends the machine. Returns where it cannot.
void psci_system_off(void);

#endif
