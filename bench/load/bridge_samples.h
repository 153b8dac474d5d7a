// The samples that the load on a bridge sends, and whether those that come back are right.
#ifndef CARILLON_BENCH_BRIDGE_SAMPLES_H
#define CARILLON_BENCH_BRIDGE_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>

#include "load/bridge_work.h"

// Makes the samples of a block, and reckons what the core makes of it. Before all others.
void samples_make(const struct work *work, uint32_t count);

// Writes the samples of a block of a connection, times its scale: a power of two, which loses nothing.
void samples_fill(float *block, float scale);

// Has the first sample carry the block's number, where the core does the same to every sample.
void samples_put_stamp(unsigned char *block, uint64_t number);

// Whether the block that came back is of that number, as far as the first sample says it.
bool samples_have_stamp(const unsigned char *data, uint64_t number);

// Whether every sample that came back is right: those of filters to a hundred-thousandth, in the
// connection's first block and once they have settled.
bool samples_are_right(const unsigned char *data, const unsigned char *sent, uint64_t number,
                       float scale);

#endif
