// Convolves the stream with a list of taps: output[n] = sum of taps[k] * input[n - k]. Causal, and
// the delay of the taps is left as it is. A NaN in the stream is out of the filter again after as
// many samples as there are taps.
#include <stdbool.h>
#include <string.h>

#include "core/page_pool.h"
#include "dsp/effects.h"

// Outputs computed side by side. The sum of each waits for itself alone, so the processor works at
// all of them at once, without the order of any sum being changed: the samples are the same however
// the stream is cut. Eight are the fastest of 8, 12 and 16 (measured with SSE2 and AVX2).
#define SIDE_BY_SIDE 8u

// Two samples in a register, read from wherever samples lie.
typedef double pair __attribute__((vector_size(16), aligned(8), may_alias));

struct fir {
    double *taps;
    // For each channel `span` samples of input, of which those before `next` have come.
    double *inputs;
    uint32_t tap_count;
    uint32_t span;
    uint32_t next;
    uint32_t channels;
};
_Static_assert(sizeof(struct fir) <= EFFECT_STATE_BYTES, "fits an effect's state");

static enum carillon_status fir_open(void *state, const struct effect_stream *stream,
                                     const double *values, struct page_pool *pool, uint32_t *param)
{
    (void)param;
    struct fir *fir = state;
    fir->tap_count = (uint32_t)values[0];
    fir->channels = stream->channels;
    // What the oldest tap of a block's first sample reaches back to, the block, and what the last
    // outputs side by side read past its end.
    fir->next = fir->tap_count - 1;
    fir->span = fir->next + EFFECT_FRAMES_MAX + SIDE_BY_SIDE;
    fir->taps = page_pool_take(pool, fir->tap_count + (size_t)fir->channels * fir->span);
    if (fir->taps == NULL) {
        return CARILLON_STATUS_MEMORY;
    }
    fir->inputs = fir->taps + fir->tap_count;
    return CARILLON_STATUS_OK;
}

static double *fir_list(void *state, uint32_t param)
{
    struct fir *fir = state;
    return param == 0 ? fir->taps : NULL;
}

// The outputs for `input` and the samples after it. Left to itself, gcc makes pairs of taps, not of
// outputs, and runs out of registers: hence the vectors by hand.
static void convolve(double *restrict output, const double *restrict taps, uint32_t tap_count,
                     const double *restrict input)
{
    pair sums[SIDE_BY_SIDE / 2] = {{0.0}};
    for (uint32_t k = 0; k < tap_count; k++) {
        pair tap = {taps[k], taps[k]};
        const pair *delayed = (const pair *)(input - k);
        for (uint32_t i = 0; i < SIDE_BY_SIDE / 2; i++) {
            sums[i] += tap * delayed[i];
        }
    }
    memcpy(output, sums, sizeof sums);
}

static void fir_process(void *state, double *const *channels, uint32_t frames)
{
    struct fir *fir = state;
    uint32_t history = fir->tap_count - 1;
    // Back to the start only when the room is used up: small blocks would else move as much as
    // they compute.
    bool full = fir->next + frames + SIDE_BY_SIDE > fir->span;
    uint32_t next = full ? history : fir->next;
    for (uint32_t channel = 0; channel < fir->channels; channel++) {
        double *samples = channels[channel];
        double *inputs = fir->inputs + (size_t)channel * fir->span;
        if (full) {
            memmove(inputs, inputs + fir->next - history, history * sizeof *inputs);
        }
        memcpy(inputs + next, samples, frames * sizeof *samples);
        for (uint32_t frame = 0; frame < frames; frame += SIDE_BY_SIDE) {
            double outputs[SIDE_BY_SIDE];
            uint32_t count = frames - frame < SIDE_BY_SIDE ? frames - frame : SIDE_BY_SIDE;
            convolve(outputs, fir->taps, fir->tap_count, inputs + next + frame);
            memcpy(samples + frame, outputs, count * sizeof *outputs);
        }
    }
    fir->next = next + frames;
}

static void fir_close(void *state, struct page_pool *pool)
{
    struct fir *fir = state;
    page_pool_give(pool, fir->taps);
}

const struct effect effect_fir = {
    .info =
        {
            .name = "fir",
            .summary = "Convolves the stream with a list of taps.",
            .param_count = 1,
            .params = {{
                .name = "taps",
                .min = 1,
                .max = CARILLON_LIST_VALUES_MAX,
                .flags = CARILLON_PARAM_REQUIRED | CARILLON_PARAM_LIST,
                .scale = CARILLON_SCALE_LINEAR,
            }},
        },
    .open = fir_open,
    .list = fir_list,
    .process = fir_process,
    .close = fir_close,
};
