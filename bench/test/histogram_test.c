#include "load/histogram.h"

#include <stdlib.h>

#include "common/program.h"

static struct histogram histogram;

static void expect(const char *what, uint64_t value, uint64_t least, uint64_t most)
{
    if (value < least || value > most) {
        program_fail(1, "%s is %llu, and should be from %llu to %llu", what,
                     (unsigned long long)value, (unsigned long long)least,
                     (unsigned long long)most);
    }
}

static void expect_within_a_64th(uint64_t value)
{
    histogram = (struct histogram){0};
    // The largest is what it is; so a larger one stands above it.
    histogram_record(&histogram, value, 3);
    histogram_record(&histogram, value * 4 + 1, 1);
    expect("a quantile", histogram_quantile(&histogram, 0.5), value - value / 64,
           value + value / 64);
}

int main(void)
{
    expect("the median of nothing", histogram_quantile(&histogram, 0.5), 0, 0);

    for (uint64_t value = 0; value < 100000; value++) {
        expect_within_a_64th(value);
    }
    for (uint32_t bit = 17; bit < HISTOGRAM_TOP_BIT; bit++) {
        uint64_t power = (uint64_t)1 << bit;
        expect_within_a_64th(power - 1);
        expect_within_a_64th(power);
        expect_within_a_64th(power + power / 3);
    }

    // 1 to 1000, each as often as the last: every quantile is its share of 1000.
    histogram = (struct histogram){0};
    for (uint64_t value = 1; value <= 1000; value++) {
        histogram_record(&histogram, value, 7);
    }
    expect("the count", histogram.count, 7000, 7000);
    expect("the median", histogram_quantile(&histogram, 0.5), 492, 508);
    expect("p99", histogram_quantile(&histogram, 0.99), 975, 1000);
    expect("the largest", histogram_quantile(&histogram, 1), 985, 1000);

    // What is too long for the buckets counts as the longest.
    histogram = (struct histogram){0};
    histogram_record(&histogram, UINT64_MAX, 1);
    expect("the longest", histogram_quantile(&histogram, 0.5), (uint64_t)1 << HISTOGRAM_TOP_BIT,
           UINT64_MAX);
    return EXIT_SUCCESS;
}
