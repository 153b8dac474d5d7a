// Lets through what is around a frequency; the frequency itself at 0 dB whatever q is.
#include "dsp/biquad.h"
#include "dsp/effects.h"

static struct biquad_coefficients bandpass(struct biquad_angle w, const double *values)
{
    (void)values;
    return (struct biquad_coefficients){
        .b0 = w.alpha,
        .b1 = 0.0,
        .b2 = -w.alpha,
        .a0 = 1.0 + w.alpha,
        .a1 = -2.0 * w.cos_w0,
        .a2 = 1.0 - w.alpha,
    };
}

static enum carillon_status bandpass_open(void *state, const struct effect_stream *stream,
                                          const double *values, struct page_pool *pool,
                                          uint32_t *param)
{
    (void)pool;
    return biquad_open(state, stream, values, param, bandpass);
}

const struct effect effect_bandpass = {
    .info =
        {
            .name = "bandpass",
            .summary = "Lets through what is around a frequency.",
            .param_count = 2,
            .params = {BIQUAD_PARAM_HZ, BIQUAD_PARAM_Q},
        },
    .open = bandpass_open,
    .process = biquad_process,
};
