// Raises or lowers everything above a frequency.
#include <math.h>

#include "dsp/biquad.h"
#include "dsp/effects.h"

static struct biquad_coefficients highshelf(struct biquad_angle w, const double *values)
{
    const double a = biquad_amplitude(values);
    const double more = a + 1.0;
    const double less = a - 1.0;
    const double slope = 2.0 * sqrt(a) * w.alpha;
    return (struct biquad_coefficients){
        .b0 = a * (more + less * w.cos_w0 + slope),
        .b1 = -2.0 * a * (less + more * w.cos_w0),
        .b2 = a * (more + less * w.cos_w0 - slope),
        .a0 = more - less * w.cos_w0 + slope,
        .a1 = 2.0 * (less - more * w.cos_w0),
        .a2 = more - less * w.cos_w0 - slope,
    };
}

static enum carillon_status highshelf_open(void *state, const struct effect_stream *stream,
                                           const double *values, struct page_pool *pool,
                                           uint32_t *param)
{
    (void)pool;
    return biquad_open(state, stream, values, param, highshelf);
}

const struct effect effect_highshelf = {
    .info =
        {
            .name = "highshelf",
            .summary = "Raises or lowers everything above a frequency.",
            .param_count = 3,
            .params = {BIQUAD_PARAM_HZ, BIQUAD_PARAM_Q, BIQUAD_PARAM_DB},
        },
    .open = highshelf_open,
    .process = biquad_process,
};
