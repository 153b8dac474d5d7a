// The clock, and each core's alarm: the architecture's virtual counter and timer.
#ifndef CARILLON_AARCH64_TIMER_H
#define CARILLON_AARCH64_TIMER_H

#include <stdint.h>

// Microseconds since the machine was started.
uint64_t timer_now_us(void);

// Interrupts this core in `us` microseconds, once; sooner where it is set for sooner already.
// Interrupts are masked.
void timer_arm(uint32_t us);
// What its interrupt does. Interrupts are masked.
void timer_disarm(void);

#endif
