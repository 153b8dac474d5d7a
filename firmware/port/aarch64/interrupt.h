// The interrupts: a bell of another core, the UART's and each core's timer. Each machine has an
// interrupt controller of its own.
#ifndef CARILLON_AARCH64_INTERRUPT_H
#define CARILLON_AARCH64_INTERRUPT_H

#include <stdint.h>

// Once, by core 0, before any core uses the rest.
void interrupt_start(void);

// By each core for itself: lets its bell and its timer through.
void interrupt_start_core(void);

// Lets the UART's interrupt through, to the core that it is routed to.
void interrupt_enable_uart(void);
// Sends the UART's interrupt to one core from now on.
void interrupt_route_uart(uint32_t core);

// Rings the cores whose bits are set. What the caller has written before is seen by them.
void interrupt_send_bell(uint32_t cores);

// Handles everything that is pending on this core, and then what the host asks of it: it may give up
// all that the core is at (restart_follow). Called with interrupts masked; it and what it calls are
// compiled without floating point.
void interrupt_handle(void);

#endif
