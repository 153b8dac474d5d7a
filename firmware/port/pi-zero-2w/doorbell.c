#include "port/aarch64/doorbell.h"

#include <stdbool.h>
#include <stddef.h>

#include "board.h"

// The system timer (BCM2835 ARM Peripherals, chapter 12): a channel interrupts Linux when the count
// comes to what was written. Linux takes the interrupt back in the first register, which is not touched
// here.
struct system_timer {
    uint32_t control;
    volatile uint32_t count; // microseconds
    uint32_t count_high;
    volatile uint32_t compare[4];
};
_Static_assert(offsetof(struct system_timer, compare) == 0x0c, "C0");

// Longer than a core takes from the look at the count to the store; then twice that, and so on. An
// emulated core may be stopped in between.
#define DELAY_US 4u
#define TRIES 14u

static struct system_timer *const timer = (struct system_timer *)BOARD_SYSTEM_TIMER;

// One bell for all cores: Linux looks at each of them. A core that writes before the count has come to
// what another wrote makes one bell of two.
void doorbell_ring(uint32_t core)
{
    (void)core;
    // What the host shall find is in memory before the bell.
    __asm__ volatile("dsb sy" ::: "memory");
    uint32_t delay = DELAY_US;
    for (uint32_t tries = 0; tries < TRIES; tries++) {
        uint32_t at = timer->count + delay;
        timer->compare[BOARD_BELL_TO_LINUX] = at;
        __asm__ volatile("dsb sy" ::: "memory");
        // Where the count has passed it, it may have done so before it was written: the next time it
        // came by would be in over an hour.
        if ((int32_t)(at - timer->count) > 0) {
            return;
        }
        delay *= 2;
    }
}

void doorbell_try_ring(uint32_t core)
{
    doorbell_ring(core); // it never waits for long
}
