// Latencies in log-linear buckets: 64 to each power of two, so a quantile is right to 1/64 (1.6 %),
// in memory that does not depend on how many there are.
#ifndef CARILLON_BENCH_HISTOGRAM_H
#define CARILLON_BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_SUB_BITS = 6,
    HISTOGRAM_SUBS = 1 << HISTOGRAM_SUB_BITS,
    // 2^40 ns is 18 minutes, longer than any run; what is longer counts as that.
    HISTOGRAM_TOP_BIT = 40,
    HISTOGRAM_BUCKETS = (HISTOGRAM_TOP_BIT - HISTOGRAM_SUB_BITS + 2) * HISTOGRAM_SUBS,
};

struct histogram {
    uint64_t count;
    uint64_t max;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

// Counts `value` as often as `times` says.
void histogram_record(struct histogram *histogram, uint64_t value, uint64_t times);

// The value that the share `quantile` (0 to 1) of all values does not exceed, as the middle of its
// bucket; 0 where there is none.
uint64_t histogram_quantile(const struct histogram *histogram, double quantile);

#endif
