// The doorbell: a PL011, the UART of the board. A byte has a bit for each core that is rung, or that rings.
#ifndef CARILLON_AARCH64_DOORBELL_H
#define CARILLON_AARCH64_DOORBELL_H

#include <stdint.h>

// Once, by core 0.
void doorbell_start(void);

// The cores that the host has rung for since the last call, a bit each. For the interrupt handler of
// the core that gets its interrupt.
uint32_t doorbell_hear(void);

// Rings the host for a core.
void doorbell_ring(uint32_t core);

// The same of a core that faulted, perhaps in the midst of ringing: it gives up where the UART is not
// free for long. The host looks now and then without a bell.
void doorbell_try_ring(uint32_t core);

#endif
