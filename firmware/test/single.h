// One effect over one array per channel, for the tests of each effect.
#ifndef CARILLON_TEST_SINGLE_H
#define CARILLON_TEST_SINGLE_H

#include <stdbool.h>

#include "test/chain.h"
#include "test/check.h"

static _Alignas(64) struct page_pool pool;
static struct chain chain;

// Opens the effect by itself; `values` as for chain_append. Returns the status.
static inline enum carillon_status open_single(const char *name, uint32_t sample_rate_hz,
                                               uint32_t channels, double *values,
                                               const double *list, uint32_t *param)
{
    chain_close(&chain);
    chain = (struct chain){
        .stream = {.sample_rate_hz = sample_rate_hz, .channels = channels},
        .pool = &pool,
    };
    return chain_append(&chain, effect_named(name), values, list, param);
}

// The same where it must open.
static inline void must_open(const char *name, uint32_t sample_rate_hz, uint32_t channels,
                             double *values, const double *list)
{
    uint32_t param;
    CHECK_EQUAL(open_single(name, sample_rate_hz, channels, values, list, &param),
                CARILLON_STATUS_OK);
}

static inline void process_mono(double *samples, uint32_t frames, uint32_t block)
{
    chain_process(&chain, &samples, frames, block);
}

#endif
