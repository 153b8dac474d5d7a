// The clock, and each core's alarm: the architecture's virtual counter and timer.
#ifndef CARILLON_AARCH64_TIMER_H
#define CARILLON_AARCH64_TIMER_H

#include <stdint.h>

// Microseconds since the machine was started.
uint64_t timer_now_us(void);

// Interrupts this core in `us` microseconds, once.
void timer_arm(uint32_t us);
void timer_disarm(void);

#endif
