// What a core says of itself, and its interrupt mask.
#ifndef CARILLON_AARCH64_CPU_H
#define CARILLON_AARCH64_CPU_H

#include <stdint.h>

#include "machine.h"

// The value of a system register.
#define CPU_READ(name)                                                                             \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " name : "=r"(value_));                                          \
        value_;                                                                                    \
    })

// Of this core, as the processor has it.
static inline uint32_t cpu_number(void)
{
    return (uint32_t)(CPU_READ("mpidr_el1") & 0xffu);
}

// Of this core among the firmware's, as the shared region has it.
static inline uint32_t cpu_index(void)
{
    return cpu_number() - CORE_FIRST;
}

static inline void cpu_mask_interrupts(void)
{
    __asm__ volatile("msr daifset, #2" ::: "memory");
}

static inline void cpu_unmask_interrupts(void)
{
    // Those that are pending are taken before anything that follows.
    __asm__ volatile("msr daifclr, #2\n\tisb" ::: "memory");
}

// Lets SErrors through. What parks a core masks them again, as every exception does.
static inline void cpu_unmask_errors(void)
{
    __asm__ volatile("msr daifclr, #4\n\tisb" ::: "memory");
}

// Sleeps until an interrupt is pending, masked or not.
static inline void cpu_wait_for_interrupt(void)
{
    // What was written is on its way before the core sleeps.
    __asm__ volatile("dsb sy\n\twfi" ::: "memory");
}

#endif
