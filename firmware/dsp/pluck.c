// Adds a string that is plucked again and again: Karplus and Strong's algorithm. A burst of noise
// runs round a loop as long as a period of the note and loses its high tones first.
//
// The loop is a delay line of whole samples, an allpass for the rest of the period (Jaffe and
// Smith, "Extensions of the Karplus-Strong Plucked-String Algorithm", 1983) and a lowpass for the
// loss. All channels hear the same string.
#include <math.h>

#include "core/page_pool.h"
#include "dsp/decibel.h"
#include "dsp/effects.h"

enum { PLUCK_HZ, PLUCK_DECAY, PLUCK_INTERVAL, PLUCK_LEVEL };

static const double PI = 3.14159265358979323846;

// Corner of the loss of high tones, where the decay leaves it the choice. In hertz and not in
// samples, so that the string sounds alike at every sample rate. Karplus and Strong's mean of two
// samples has about this corner at 48 kHz.
static const double BRIGHTNESS_HZ = 15000.0;

// Where the string is plucked, as a share of its length: quiets each tone that has a node there,
// and leaves no constant part in the burst.
static const double PLUCKED_AT = 0.2;

// The highest pitch, as a share of the sample rate: the loop is four samples long at least.
#define PITCH_MAX 0.25

struct pluck {
    double *line;
    uint32_t length; // of the delay line in samples
    uint32_t at;     // in the delay line
    uint32_t offset; // of the place where the string is plucked
    uint32_t interval;
    uint32_t since; // samples since it was plucked
    uint32_t seed;  // number of the burst's first noise
    uint32_t channels;
    double level;
    double allpass; // coefficient
    double loss;    // of all tones
    double lowpass; // coefficient of the loss of high tones
    double entered; // the delay line's last output
    double tuned;   // the allpass filter's last output
    double dulled;  // the lowpass filter's last output
};
_Static_assert(sizeof(struct pluck) <= EFFECT_STATE_BYTES, "fits an effect's state");

// The mathematical functions of two ports may differ in the last bit. Rounded to 2^-32, what
// follows from them is the same everywhere (but for one value in a million), and so are the
// samples.
static double alike_everywhere(double value)
{
    return floor(value * 0x1p32 + 0.5) * 0x1p-32;
}

static enum carillon_status pluck_open(void *state, const struct effect_stream *stream,
                                       const double *values, struct page_pool *pool,
                                       uint32_t *param)
{
    struct pluck *pluck = state;
    double period = stream->sample_rate_hz / values[PLUCK_HZ];
    if (!(period >= 1.0 / PITCH_MAX)) {
        *param = PLUCK_HZ;
        return CARILLON_STATUS_VALUE;
    }
    double w = 2.0 * PI / period;

    // What is left of the fundamental after a period is shared out: the lowpass filter takes at
    // most half of the loss (in dB), all tones alike lose the rest. Of the lowpass filter
    // (1 - p) / (1 - p / z) the gain at w is 1 / sqrt(1 + (2 sin(w / 2))^2 / corner), where
    // `corner` is (1 - p)^2 / p.
    double left = pow(10.0, -3.0 / (values[PLUCK_HZ] * values[PLUCK_DECAY]));
    double chord = 4.0 * sin(w / 2.0) * sin(w / 2.0);
    double corner = 2.0 * PI * BRIGHTNESS_HZ / stream->sample_rate_hz;
    corner = fmax(corner * corner, chord * left / (1.0 - left));
    double p = 1.0 + corner / 2.0 - sqrt(corner + corner * corner / 4.0);
    pluck->lowpass = alike_everywhere(p);
    pluck->loss = alike_everywhere(left * sqrt(1.0 + chord / corner));

    // The allpass filter delays the fundamental by what is left of the period after whole samples
    // and the lowpass filter.
    double rest = alike_everywhere(period - atan2(p * sin(w), 1.0 - p * cos(w)) / w);
    pluck->length = (uint32_t)(rest - 0.5);
    rest -= pluck->length;
    pluck->allpass = alike_everywhere(sin((1.0 - rest) * w / 2.0) / sin((1.0 + rest) * w / 2.0));

    pluck->offset = 1 + (uint32_t)(PLUCKED_AT * (pluck->length - 1));
    pluck->interval = (uint32_t)(values[PLUCK_INTERVAL] * stream->sample_rate_hz + 0.5);
    pluck->level = alike_everywhere(factor_of_db(values[PLUCK_LEVEL]));
    pluck->seed = 1;
    pluck->channels = stream->channels;
    pluck->line = page_pool_take(pool, pluck->length);
    return pluck->line == NULL ? CARILLON_STATUS_MEMORY : CARILLON_STATUS_OK;
}

// Noise of -1 to 1, the same for the same number. A bijection of 32 bits that mixes well
// (multiply and shift, with constants from C. Wellons's search for them).
static double noise(uint32_t number)
{
    number ^= number >> 16;
    number *= 0x7feb352du;
    number ^= number >> 15;
    number *= 0x846ca68bu;
    number ^= number >> 16;
    return number * 0x1p-31 - 1.0;
}

// Burst of a pluck.
static double burst(const struct pluck *pluck)
{
    uint32_t other = (pluck->since + pluck->offset) % pluck->length;
    return 0.5 * (noise(pluck->seed + pluck->since) - noise(pluck->seed + other));
}

// What comes round the loop.
static double ring(struct pluck *pluck)
{
    double left = pluck->line[pluck->at];
    pluck->tuned = pluck->allpass * (left - pluck->tuned) + pluck->entered;
    pluck->entered = left;
    pluck->dulled = pluck->tuned + pluck->lowpass * (pluck->dulled - pluck->tuned);
    return pluck->loss * pluck->dulled;
}

static double next_sample(struct pluck *pluck)
{
    double sample = ring(pluck);
    if (pluck->since < pluck->length) {
        // For its first period the burst takes the place of what was left of the string before.
        sample = burst(pluck);
    }
    pluck->line[pluck->at] = sample;
    if (++pluck->at == pluck->length) {
        pluck->at = 0;
    }
    if (++pluck->since == pluck->interval) {
        pluck->since = 0;
        pluck->seed += pluck->length;
    }
    return sample;
}

static void pluck_process(void *state, double *const *channels, uint32_t frames)
{
    struct pluck *pluck = state;
    for (uint32_t frame = 0; frame < frames; frame++) {
        double sample = pluck->level * next_sample(pluck);
        for (uint32_t channel = 0; channel < pluck->channels; channel++) {
            channels[channel][frame] += sample;
        }
    }
}

static void pluck_close(void *state, struct page_pool *pool)
{
    struct pluck *pluck = state;
    page_pool_give(pool, pluck->line);
}

const struct effect effect_pluck = {
    .info =
        {
            .name = "pluck",
            .summary = "Adds a string that is plucked again and again.",
            .param_count = 4,
            .params =
                {
                    {
                        // The pitch.
                        .name = "hz",
                        .unit = "Hz",
                        .min = 20.0,
                        .max = 20000.0,
                        .rate_max = PITCH_MAX,
                        .def = 220.0,
                        .scale = CARILLON_SCALE_LOGARITHMIC,
                    },
                    {
                        // Until the fundamental has fallen by 60 dB.
                        .name = "decay",
                        .unit = "s",
                        .min = 0.05,
                        .max = 60.0,
                        .def = 2.0,
                        .scale = CARILLON_SCALE_LOGARITHMIC,
                    },
                    {
                        // Between two plucks. Never less than the longest period.
                        .name = "interval",
                        .unit = "s",
                        .min = 0.1,
                        .max = 60.0,
                        .def = 1.5,
                        .scale = CARILLON_SCALE_LOGARITHMIC,
                    },
                    {
                        // The burst's peak, about. With a decay of many seconds up to 5 dB more.
                        .name = "level",
                        .unit = "dB",
                        .min = -120.0,
                        .max = 0.0,
                        .def = -12.0,
                        .scale = CARILLON_SCALE_LINEAR,
                    },
                },
        },
    .open = pluck_open,
    .process = pluck_process,
    .close = pluck_close,
};
