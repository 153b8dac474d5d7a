// Turns a core off while Linux and the other cores go on. Each board does it in its own way.
#ifndef CARILLON_BESIDE_LINUX_CORE_OFF_H
#define CARILLON_BESIDE_LINUX_CORE_OFF_H

#include <stdbool.h>

// Before the other, by each core: whether it was entered at EL2, else at EL1.
void core_off_start(bool entered_at_el2);

// Turns this core off, with interrupts masked and its timer disarmed. Returns where it cannot.
void core_off(void);

#endif
