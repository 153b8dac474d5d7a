// The UART's interrupt, which one core gets, and what that one wakes the others with. Each machine has an
// interrupt controller of its own.
#ifndef CARILLON_ALONE_UART_INTERRUPT_H
#define CARILLON_ALONE_UART_INTERRUPT_H

#include <stdint.h>

// Once, by core 0, before any core uses the rest.
void interrupt_start(void);

// Lets the UART's interrupt through, to the core that it is routed to.
void interrupt_enable_uart(void);
// Sends the UART's interrupt to one core from now on.
void interrupt_route_uart(uint32_t core);

// Rings the cores whose bits are set. What the caller has written before is seen by them.
void interrupt_send_bell(uint32_t cores);

#endif
