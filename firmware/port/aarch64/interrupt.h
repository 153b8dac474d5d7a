// The interrupts: a core's bell and its timer, and the UART's where the machine is the firmware's alone.
// Each machine has an interrupt controller of its own.
#ifndef CARILLON_AARCH64_INTERRUPT_H
#define CARILLON_AARCH64_INTERRUPT_H

// By each core for itself: lets its bell and its timer through.
void interrupt_start_core(void);

// Handles everything that is pending on this core, and then what the host asks of it: it may give up
// all that the core is at (restart_follow). Called with interrupts masked; it and what it calls are
// compiled without floating point.
void interrupt_handle(void);

// By a core that parks, and may have faulted while it handled one: that one is over, or none would come
// any more, not even the bell that it is to begin anew for.
void interrupt_abandon(void);

#endif
