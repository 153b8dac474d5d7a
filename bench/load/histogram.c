#include "load/histogram.h"

// Values below HISTOGRAM_SUBS have a bucket each. Above, the highest bit says which power of two,
// and the HISTOGRAM_SUB_BITS bits behind it which of its buckets.
static uint32_t bucket_of(uint64_t value)
{
    if (value < HISTOGRAM_SUBS) {
        return (uint32_t)value;
    }
    uint32_t top_bit = 63u - (uint32_t)__builtin_clzll(value);
    if (top_bit > HISTOGRAM_TOP_BIT) {
        return HISTOGRAM_BUCKETS - 1;
    }
    uint32_t shift = top_bit - HISTOGRAM_SUB_BITS;
    return (shift + 1) * HISTOGRAM_SUBS + ((uint32_t)(value >> shift) - HISTOGRAM_SUBS);
}

static uint64_t middle_of(uint32_t bucket)
{
    if (bucket < 2 * HISTOGRAM_SUBS) {
        return bucket;
    }
    uint32_t shift = bucket / HISTOGRAM_SUBS - 1;
    uint64_t low = (uint64_t)(HISTOGRAM_SUBS + bucket % HISTOGRAM_SUBS) << shift;
    return low + (((uint64_t)1 << shift) - 1) / 2;
}

void histogram_record(struct histogram *histogram, uint64_t value, uint64_t times)
{
    histogram->buckets[bucket_of(value)] += times;
    histogram->count += times;
    if (value > histogram->max) {
        histogram->max = value;
    }
}

uint64_t histogram_quantile(const struct histogram *histogram, double quantile)
{
    if (histogram->count == 0) {
        return 0;
    }
    double wanted = quantile * (double)histogram->count;
    uint64_t seen = 0;
    for (uint32_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->buckets[bucket];
        if (seen > 0 && (double)seen >= wanted) {
            uint64_t middle = middle_of(bucket);
            return middle < histogram->max ? middle : histogram->max;
        }
    }
    return histogram->max;
}
