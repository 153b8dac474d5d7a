// Makes the moment long in which a core has looked for a bell and does not sleep yet, so that a bell
// comes just then: linked into the image of that test with --wrap=timer_arm. Not part of the firmware.
#include <stdint.h>

#include "port/aarch64/cpu.h"
#include "port/aarch64/timer.h"

// Longer than a busy host takes to answer.
#define WINDOW_US 100000u

#define INTERRUPT_PENDING (1u << 7) // ISR_EL1.I: masked or not

void __real_timer_arm(uint32_t us);
void __wrap_timer_arm(uint32_t us);

// Ends when a bell is there, where interrupts are masked. Where they are not it is gone by then.
void __wrap_timer_arm(uint32_t us)
{
    uint64_t until = timer_now_us() + WINDOW_US;
    while ((CPU_READ("isr_el1") & INTERRUPT_PENDING) == 0 && timer_now_us() < until) {
    }
    __real_timer_arm(us);
}
