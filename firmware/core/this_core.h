// Which core runs this code.
#ifndef CARILLON_CORE_THIS_CORE_H
#define CARILLON_CORE_THIS_CORE_H

#include <stddef.h>

struct core;

#if defined(__aarch64__) && !__STDC_HOSTED__

// Each core has this register to itself, and hardware has no other use for it.
static inline struct core *this_core(void)
{
    struct core *core;
    __asm__ volatile("mrs %0, tpidr_el1" : "=r"(core));
    return core;
}

static inline void this_core_set(struct core *core)
{
    __asm__ volatile("msr tpidr_el1, %0" ::"r"(core) : "memory");
}

#else

// A process runs one core.
extern struct core *this_core_of_process;

static inline struct core *this_core(void)
{
    return this_core_of_process;
}

static inline void this_core_set(struct core *core)
{
    this_core_of_process = core;
}

#endif
#endif
