// Makes the moment long in which a core has looked for a bell and does not sleep yet, so that bells
// come just then: linked into the image of that test with --wrap=timer_arm. Not part of the firmware.
#include <stdint.h>

#include "port/virt/timer.h"

#define WINDOW_US_MAX 1000u

void __real_timer_arm(uint32_t us);
void __wrap_timer_arm(uint32_t us);

void __wrap_timer_arm(uint32_t us)
{
    // Any core's: that two mix it up makes it no less random.
    static volatile uint32_t random;
    random = random * 1664525u + 1013904223u;
    uint64_t until = timer_now_us() + (random >> 8) % WINDOW_US_MAX;
    while (timer_now_us() < until) {
    }
    __real_timer_arm(us);
}
