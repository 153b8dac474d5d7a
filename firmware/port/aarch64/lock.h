// Keeps the cores out of each other's way for a few instructions. A core that has a lock takes no
// interrupt, which could make it begin anew and leave the lock taken.
#ifndef CARILLON_AARCH64_LOCK_H
#define CARILLON_AARCH64_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "port/aarch64/cpu.h"

// Zeroed is open. In the firmware's own memory, which is cached by all cores alike: exclusives work
// there, as they need not in the shared region.
struct lock {
    uint32_t taken;
};

// Returns what lock_give wants: whether interrupts were masked.
static inline uint64_t lock_take(struct lock *lock)
{
    uint64_t mask = CPU_READ("daif");
    cpu_mask_interrupts();
    // Acquire: what the last holder did is seen.
    while (__atomic_exchange_n(&lock->taken, 1u, __ATOMIC_ACQUIRE) != 0) {
        __asm__ volatile("yield");
    }
    return mask;
}

// As lock_take, but tries `times` times. False where somebody else keeps it, and nothing has changed.
static inline bool lock_try(struct lock *lock, uint32_t times, uint64_t *mask)
{
    *mask = CPU_READ("daif");
    cpu_mask_interrupts();
    for (; times > 0; times--) {
        // Acquire, as above.
        if (__atomic_exchange_n(&lock->taken, 1u, __ATOMIC_ACQUIRE) == 0) {
            return true;
        }
        __asm__ volatile("yield");
    }
    __asm__ volatile("msr daif, %0" ::"r"(*mask) : "memory");
    return false;
}

static inline void lock_give(struct lock *lock, uint64_t mask)
{
    // Release: all done while it was held comes before.
    __atomic_store_n(&lock->taken, 0u, __ATOMIC_RELEASE);
    __asm__ volatile("msr daif, %0" ::"r"(mask) : "memory");
}

#endif
