#include "rings/round_trips.h"

#include <stdio.h>
#include <stdlib.h>

#include "load/histogram.h"
#include "rings/clock.h"
#include "rings/spin.h"

static struct {
    struct histogram latencies;
    uint64_t first_ns;
    uint64_t count_from_ns;
} trips;

uint64_t trip_begin(const struct side_options *options)
{
    uint64_t now = now_ns();
    if (options->pause_ns == 0) {
        return now;
    }
    uint64_t until = now + options->pause_ns;
    while (now < until) {
        spin_pause();
        now = now_ns();
    }
    return now;
}

static double microseconds(double quantile)
{
    return (double)histogram_quantile(&trips.latencies, quantile) / 1e3;
}

static _Noreturn void trips_end(uint64_t elapsed_ns)
{
    double elapsed_s = (double)elapsed_ns / 1e9;
    unsigned long long count = trips.latencies.count;
    printf("{\"event\":\"result\",\"messages\":%llu,\"elapsedS\":%.9f,\"messagesPerS\":%.3f,"
           "\"p50Us\":%.3f,\"p99Us\":%.3f,\"p999Us\":%.3f}\n",
           count, elapsed_s, (double)count / elapsed_s, microseconds(0.5), microseconds(0.99),
           microseconds(0.999));
    exit(0);
}

void trip_end(const struct side_options *options, uint64_t begin_ns)
{
    uint64_t now = now_ns();
    if (trips.first_ns == 0) {
        // The first one may have waited for the other side's start.
        trips.first_ns = now;
        return;
    }
    if (trips.count_from_ns == 0) {
        if (now - trips.first_ns >= options->warmup_ns) {
            trips.count_from_ns = now;
        }
        return;
    }
    histogram_record(&trips.latencies, now - begin_ns, 1);
    if (now - trips.count_from_ns >= options->duration_ns) {
        trips_end(now - trips.count_from_ns);
    }
}
