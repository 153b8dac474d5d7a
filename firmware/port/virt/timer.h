// The clock, and each core's alarm: the architecture's virtual counter and timer.
#ifndef CARILLON_VIRT_TIMER_H
#define CARILLON_VIRT_TIMER_H

#include <stdint.h>

// Microseconds since the machine was started.
uint64_t timer_now_us(void);

// Interrupts this core (INTERRUPT_TIMER) in `us` microseconds, once.
void timer_arm(uint32_t us);
void timer_disarm(void);

#endif
