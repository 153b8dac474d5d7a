// A core that spins where it could sleep: linked into the firmware of a benchmark with
// --wrap=ring_consumer_try_sleep. Not part of the firmware.
#include "core/spsc_ring.h"

// It does sleep once in so many looks: a hosted core learns only then that its host is gone.
#define LOOKS_PER_SLEEP (1u << 20)

bool __real_ring_consumer_try_sleep(struct ring_consumer *ring);
bool __wrap_ring_consumer_try_sleep(struct ring_consumer *ring);

bool __wrap_ring_consumer_try_sleep(struct ring_consumer *ring)
{
    static uint32_t looks;
    return ++looks % LOOKS_PER_SLEEP == 0 && __real_ring_consumer_try_sleep(ring);
}
