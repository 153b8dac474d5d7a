// The clock of the suite `rings`.
#ifndef CARILLON_BENCH_RINGS_CLOCK_H
#define CARILLON_BENCH_RINGS_CLOCK_H

#include <stdint.h>
#include <time.h>

// Nanoseconds since some fixed moment; never goes back.
static inline uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
