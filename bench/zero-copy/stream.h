// What is streamed from a mapped region: words that tell where they are.
#ifndef CARILLON_BENCH_STREAM_H
#define CARILLON_BENCH_STREAM_H

#include <stdint.h>

enum {
    STREAM_WORD_BYTES = sizeof(uint64_t),
    // Blocks of a region, sent one after the other and again from the first.
    STREAM_BLOCK_BYTES_MAX = 4 * 1024 * 1024,
    STREAM_REGION_BYTES_MAX = 1024 * 1024 * 1024,
};

// Word `index` of the region, little-endian there: no two of a region are the same, and none is made
// of two halves of others. As bench/zero-copy/stream-region.ts writes it.
static inline uint64_t stream_word(uint64_t index)
{
    return (index + 1) * 0x9e3779b97f4a7c15u;
}

#endif
