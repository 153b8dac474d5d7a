#include "port/aarch64/timer.h"

#include "machine.h"
#include "port/aarch64/cpu.h"

#define CONTROL_ENABLE UINT64_C(1)
#define US_PER_S 1000000u

// When each core's alarm comes, by the counter; 0 where none is set. Touched by its own core only, with
// interrupts masked: no ordering between cores is needed.
static uint64_t alarms[CORES];

static uint64_t counter_hz(void)
{
    uint64_t hz;
    __asm__("mrs %0, cntfrq_el0" : "=r"(hz));
    return hz;
}

static uint64_t counter(void)
{
    uint64_t count;
    // Not read ahead of what stands before it.
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count)::"memory");
    return count;
}

static void set_control(uint64_t control)
{
    __asm__ volatile("msr cntv_ctl_el0, %0\n\tisb" ::"r"(control) : "memory");
}

uint64_t timer_now_us(void)
{
    uint64_t hz = counter_hz();
    uint64_t count = counter();
    // Whole seconds apart: the count times a million would be too large after three days.
    return count / hz * US_PER_S + count % hz * US_PER_S / hz;
}

void timer_arm(uint32_t us)
{
    // Rounded up: a core that wakes too early would only sleep again.
    uint64_t ticks = (us * counter_hz() + US_PER_S - 1u) / US_PER_S;
    uint64_t wanted = counter() + ticks;
    uint64_t *alarm = &alarms[cpu_index()];
    // To move it costs more than to be woken once for nothing: each time, an emulator looks anew at what
    // it has to wait for. Where it has passed already, it interrupts at once.
    if (*alarm != 0 && *alarm <= wanted) {
        return;
    }
    *alarm = wanted;
    __asm__ volatile("msr cntv_cval_el0, %0" ::"r"(wanted));
    set_control(CONTROL_ENABLE);
}

void timer_disarm(void)
{
    alarms[cpu_index()] = 0;
    set_control(0);
}
