// Keeps the cores out of each other's way for a few instructions. Not for use in an interrupt.
#ifndef CARILLON_AARCH64_LOCK_H
#define CARILLON_AARCH64_LOCK_H

#include <stdbool.h>
#include <stdint.h>

// Zeroed is open. In the firmware's own memory, which is cached by all cores alike: exclusives work
// there, as they need not in the shared region.
struct lock {
    uint32_t taken;
};

static inline void lock_take(struct lock *lock)
{
    // Acquire: what the last holder did is seen.
    while (__atomic_exchange_n(&lock->taken, 1u, __ATOMIC_ACQUIRE) != 0) {
        __asm__ volatile("yield");
    }
}

// Tries `times` times. False where somebody else keeps it.
static inline bool lock_try(struct lock *lock, uint32_t times)
{
    for (; times > 0; times--) {
        // Acquire, as above.
        if (__atomic_exchange_n(&lock->taken, 1u, __ATOMIC_ACQUIRE) == 0) {
            return true;
        }
        __asm__ volatile("yield");
    }
    return false;
}

static inline void lock_give(struct lock *lock)
{
    // Release: all done while it was held comes before.
    __atomic_store_n(&lock->taken, 0u, __ATOMIC_RELEASE);
}

#endif
