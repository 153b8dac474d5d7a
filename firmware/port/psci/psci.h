// What the machine's own firmware does for others (PSCI 0.2, DEN 0022).
#ifndef CARILLON_PSCI_PSCI_H
#define CARILLON_PSCI_PSCI_H

#include <stdbool.h>
#include <stdint.h>

// Before any other: whether the machine was entered at EL2, where it is called by SMC, else at EL1, by
// HVC.
void psci_start(bool entered_at_el2);

// Starts a core that is off. Its affinity is its index. False where there is none, or it is on.
bool psci_core_on(uint32_t core, void (*entry)(void));

// Turns this core off. Returns where it cannot.
void psci_core_off(void);

// Ends the machine. Returns where it cannot.
void psci_machine_off(void);

#endif
