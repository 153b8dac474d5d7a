// Buffers of the servers in C. They come from a stack of spare ones: those of a turn are warm in the
// cache, and an idle connection has none.
#ifndef CARILLON_BENCH_BUFFERS_H
#define CARILLON_BENCH_BUFFERS_H

#include <stddef.h>

enum {
    // Most bytes of a read, and so of most buffers: about what a core's second cache holds.
    BUFFER_BYTES = 256 * 1024,
};

struct buffer {
    struct buffer *next_spare;
    size_t capacity;
    size_t filled;
    unsigned char bytes[];
};

// An empty one with room for `capacity` bytes at least.
struct buffer *buffer_take(size_t capacity);

// NULL is harmless.
void buffer_give(struct buffer *buffer);

#endif
