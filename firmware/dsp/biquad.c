#include "dsp/biquad.h"

#include <math.h>
#include <stdbool.h>

#include "dsp/decibel.h"

static const double PI = 3.14159265358979323846;

struct biquad {
    // Divided by a0.
    double b0, b1, b2;
    double a1, a2;
    uint32_t channels;
    double s1[CARILLON_CHANNELS_MAX];
    double s2[CARILLON_CHANNELS_MAX];
};
_Static_assert(sizeof(struct biquad) <= EFFECT_STATE_BYTES, "fits an effect's state");

enum carillon_status biquad_open(void *state, const struct effect_stream *stream,
                                 const double *values, uint32_t *param, biquad_formula *formula)
{
    double turns = values[BIQUAD_HZ] / stream->sample_rate_hz;
    if (!(turns >= BIQUAD_EDGE && turns <= 0.5 - BIQUAD_EDGE)) {
        *param = BIQUAD_HZ;
        return CARILLON_STATUS_VALUE;
    }
    double w0 = 2.0 * PI * values[BIQUAD_HZ] / stream->sample_rate_hz;
    struct biquad_angle w = {.cos_w0 = cos(w0), .alpha = sin(w0) / (2.0 * values[BIQUAD_Q])};
    struct biquad_coefficients from = formula(w, values);

    struct biquad *biquad = state;
    biquad->b0 = from.b0 / from.a0;
    biquad->b1 = from.b1 / from.a0;
    biquad->b2 = from.b2 / from.a0;
    biquad->a1 = from.a1 / from.a0;
    biquad->a2 = from.a2 / from.a0;
    biquad->channels = stream->channels;
    return CARILLON_STATUS_OK;
}

double biquad_amplitude(const double *values)
{
    return factor_of_db(values[BIQUAD_DB] / 2.0);
}

// Transposed direct form II. Each sample waits for the one before it, so several channels side by
// side take hardly longer than one: `width` is a constant wherever this is inlined.
//
// What is not finite goes out as it came and starts the filter afresh with the next sample: else
// one NaN from a client would silence its stream for good. This is decided sample by sample, so
// that no bit depends on how the stream is cut into blocks.
static inline __attribute__((always_inline)) void filter(struct biquad *biquad,
                                                         double *const *channels, uint32_t frames,
                                                         const uint32_t first, const uint32_t width)
{
    const double b0 = biquad->b0, b1 = biquad->b1, b2 = biquad->b2;
    const double a1 = biquad->a1, a2 = biquad->a2;
    double s1[CARILLON_CHANNELS_MAX];
    double s2[CARILLON_CHANNELS_MAX];
    for (uint32_t i = 0; i < width; i++) {
        s1[i] = biquad->s1[first + i];
        s2[i] = biquad->s2[first + i];
    }
    for (uint32_t frame = 0; frame < frames; frame++) {
        for (uint32_t i = 0; i < width; i++) {
            double x = channels[first + i][frame];
            double y = b0 * x + s1[i];
            s1[i] = (b1 * x + s2[i]) - a1 * y;
            s2[i] = b2 * x - a2 * y;
            channels[first + i][frame] = y;
            if (__builtin_expect(!isfinite(y), false)) {
                s1[i] = 0.0;
                s2[i] = 0.0;
            }
        }
    }
    for (uint32_t i = 0; i < width; i++) {
        biquad->s1[first + i] = s1[i];
        biquad->s2[first + i] = s2[i];
    }
}

void biquad_process(void *state, double *const *channels, uint32_t frames)
{
    struct biquad *biquad = state;
    uint32_t first = 0;
    for (; biquad->channels - first >= 4; first += 4) {
        filter(biquad, channels, frames, first, 4);
    }
    for (; biquad->channels - first >= 2; first += 2) {
        filter(biquad, channels, frames, first, 2);
    }
    if (first < biquad->channels) {
        filter(biquad, channels, frames, first, 1);
    }
}
