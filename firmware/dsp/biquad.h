// The second-order filter behind the effects of the Audio EQ Cookbook (R. Bristow-Johnson; W3C
// Group Note, 2021), whose names for things are used here. An effect computes its coefficients in
// its `open`; the rest is common.
#ifndef CARILLON_DSP_BIQUAD_H
#define CARILLON_DSP_BIQUAD_H

#include "dsp/effect.h"

// The parameters in the order in which every biquad has them. Only peak and shelves have the last.
enum { BIQUAD_HZ, BIQUAD_Q, BIQUAD_DB };

// How near, as a share of the sample rate, hz may come to zero and to half the sample rate: 0.24 Hz
// at 48 kHz. There the poles close in on one point of the unit circle, and what rounding does to
// the filter grows with the square of the distance: at a fifth of this, sixteen filters would be
// only 96 dB above their own error.
#define BIQUAD_EDGE 5e-6

#define BIQUAD_PARAM_HZ                                                                            \
    {                                                                                              \
        .name = "hz", .unit = "Hz", .min = 1e-3, .max = CARILLON_SAMPLE_RATE_HZ_MAX / 2,           \
        .rate_min = BIQUAD_EDGE, .rate_max = 0.5 - BIQUAD_EDGE,                                    \
        .flags = CARILLON_PARAM_REQUIRED, .scale = CARILLON_SCALE_LOGARITHMIC                      \
    }

// The default is Butterworth's: the steepest without a bump.
#define BIQUAD_PARAM_Q                                                                             \
    {                                                                                              \
        .name = "q", .min = 0.01, .max = 100.0, .def = 0.70710678118654752440,                     \
        .scale = CARILLON_SCALE_LOGARITHMIC                                                        \
    }

#define BIQUAD_PARAM_DB                                                                            \
    {                                                                                              \
        .name = "db", .unit = "dB", .min = -60.0, .max = 60.0, .def = 0.0,                         \
        .scale = CARILLON_SCALE_LINEAR                                                             \
    }

// What the formulas are written in.
struct biquad_angle {
    double cos_w0;
    double alpha;
};

// What the formulas give, not yet divided by a0.
struct biquad_coefficients {
    double b0, b1, b2;
    double a0, a1, a2;
};

typedef struct biquad_coefficients biquad_formula(struct biquad_angle w, const double *values);

// For an effect's `open`. Returns CARILLON_STATUS_VALUE where the stream's sample rate does not
// allow the frequency.
enum carillon_status biquad_open(void *state, const struct effect_stream *stream,
                                 const double *values, uint32_t *param, biquad_formula *formula);

// The cookbook's A, for peak and shelves: the square root of the gain.
double biquad_amplitude(const double *values);

// For an effect's `process`.
void biquad_process(void *state, double *const *channels, uint32_t frames);

#endif
