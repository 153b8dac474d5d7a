// How a side waits for the other without sleeping.
#ifndef CARILLON_BENCH_RINGS_SPIN_H
#define CARILLON_BENCH_RINGS_SPIN_H

// Tells the processor that this is a loop that waits.
static inline void spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

#endif
