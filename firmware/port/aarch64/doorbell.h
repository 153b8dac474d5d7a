// What rings the host.
#ifndef CARILLON_AARCH64_DOORBELL_H
#define CARILLON_AARCH64_DOORBELL_H

#include <stdint.h>

// Rings the host for a core. What was written before is seen by who is woken by it.
void doorbell_ring(uint32_t core);

// The same of a core that faulted, perhaps in the midst of ringing: it gives up where the way is not
// free for long. The host looks now and then without a bell.
void doorbell_try_ring(uint32_t core);

#endif
