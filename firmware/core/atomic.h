// The accesses to words that both sides use: aligned 32-bit loads and stores and nothing else, for
// the shared memory may be of a kind that has no read-modify-write.
#ifndef CARILLON_CORE_ATOMIC_H
#define CARILLON_CORE_ATOMIC_H

#include <stdint.h>

// What the other side wrote before it stored this word is seen after this load.
static inline uint32_t load_acquire(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

// What was read and written before this store has happened for who loads the word with acquire.
static inline void store_release(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

// For what stands for nothing but itself: counters, and words of this side's own.
static inline uint32_t load_relaxed(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void store_relaxed(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

// A store and a later load of another word stay in order only with this between them; acquire,
// release and even sequentially consistent accesses do not give that on every machine.
static inline void full_fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
