// What the side that calls measures: how long an answer takes.
#ifndef CARILLON_BENCH_RINGS_ROUND_TRIPS_H
#define CARILLON_BENCH_RINGS_ROUND_TRIPS_H

#ifdef __cplusplus
extern "C" {
#endif

#include <stdint.h>

#include "rings/side.h"

// Waits where the options say so, then says when the next round trip begins.
uint64_t trip_begin(const struct side_options *options);

// Notes a round trip that began then and ends now. Prints and exits when it has been long enough.
void trip_end(const struct side_options *options, uint64_t begin_ns);

#ifdef __cplusplus
}
#endif

#endif
