// The doorbell: a PL011, the UART of the board. A byte has a bit for each core that is rung, or that rings.
#ifndef CARILLON_ALONE_UART_H
#define CARILLON_ALONE_UART_H

#include <stdint.h>

// Once, by core 0.
void uart_start(void);

// The cores that the host has rung for since the last call, a bit each. For the interrupt handler of
// the core that gets its interrupt.
uint32_t uart_hear(void);

#endif
