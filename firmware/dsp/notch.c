// Takes out a frequency; the higher q, the less around it.
#include "dsp/biquad.h"
#include "dsp/effects.h"

static struct biquad_coefficients notch(struct biquad_angle w, const double *values)
{
    (void)values;
    return (struct biquad_coefficients){
        .b0 = 1.0,
        .b1 = -2.0 * w.cos_w0,
        .b2 = 1.0,
        .a0 = 1.0 + w.alpha,
        .a1 = -2.0 * w.cos_w0,
        .a2 = 1.0 - w.alpha,
    };
}

static enum carillon_status notch_open(void *state, const struct effect_stream *stream,
                                       const double *values, struct page_pool *pool,
                                       uint32_t *param)
{
    (void)pool;
    return biquad_open(state, stream, values, param, notch);
}

const struct effect effect_notch = {
    .info =
        {
            .name = "notch",
            .summary = "Takes out a frequency.",
            .param_count = 2,
            .params = {BIQUAD_PARAM_HZ, BIQUAD_PARAM_Q},
        },
    .open = notch_open,
    .process = biquad_process,
};
