// Copies into the shared region: words, because a device's memory may take nothing else.
#ifndef CARILLON_CORE_SHARED_WORDS_H
#define CARILLON_CORE_SHARED_WORDS_H

#include <stdint.h>

#include "core/atomic.h"

// Both are aligned to 4 and `bytes` is a multiple of it. In no order: a store with release follows.
static inline void shared_words_copy(void *to, const void *from, uint32_t bytes)
{
    uint32_t *target = to;
    const uint32_t *source = from;
    for (uint32_t at = 0; at < bytes / sizeof *target; at++) {
        uint32_t word;
        __builtin_memcpy(&word, &source[at], sizeof word);
        store_relaxed(&target[at], word);
    }
}

#endif
