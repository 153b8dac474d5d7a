#ifndef CARILLON_VIRT_INTERRUPT_H
#define CARILLON_VIRT_INTERRUPT_H

// Handles everything that is pending on this core. Called by vectors.S with interrupts masked; it and
// what it calls are compiled without floating point.
void interrupt_handle(void);

#endif
