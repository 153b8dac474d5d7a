// Raises or lowers what is around a frequency: a band of an equaliser.
#include "dsp/biquad.h"
#include "dsp/effects.h"

static struct biquad_coefficients peak(struct biquad_angle w, const double *values)
{
    const double a = biquad_amplitude(values);
    return (struct biquad_coefficients){
        .b0 = 1.0 + w.alpha * a,
        .b1 = -2.0 * w.cos_w0,
        .b2 = 1.0 - w.alpha * a,
        .a0 = 1.0 + w.alpha / a,
        .a1 = -2.0 * w.cos_w0,
        .a2 = 1.0 - w.alpha / a,
    };
}

static enum carillon_status peak_open(void *state, const struct effect_stream *stream,
                                      const double *values, struct page_pool *pool, uint32_t *param)
{
    (void)pool;
    return biquad_open(state, stream, values, param, peak);
}

const struct effect effect_peak = {
    .info =
        {
            .name = "peak",
            .summary = "Raises or lowers what is around a frequency.",
            .param_count = 3,
            .params = {BIQUAD_PARAM_HZ, BIQUAD_PARAM_Q, BIQUAD_PARAM_DB},
        },
    .open = peak_open,
    .process = biquad_process,
};
