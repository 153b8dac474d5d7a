// Makes a stream louder or softer.
#include "dsp/decibel.h"
#include "dsp/effects.h"

struct gain {
    double factor;
    uint32_t channels;
};
_Static_assert(sizeof(struct gain) <= EFFECT_STATE_BYTES, "fits an effect's state");

static enum carillon_status gain_open(void *state, const struct effect_stream *stream,
                                      const double *values, struct page_pool *pool, uint32_t *param)
{
    (void)pool;
    (void)param;
    struct gain *gain = state;
    gain->factor = factor_of_db(values[0]);
    gain->channels = stream->channels;
    return CARILLON_STATUS_OK;
}

static void gain_process(void *state, double *const *channels, uint32_t frames)
{
    const struct gain *gain = state;
    double factor = gain->factor;
    for (uint32_t channel = 0; channel < gain->channels; channel++) {
        double *samples = channels[channel];
        for (uint32_t frame = 0; frame < frames; frame++) {
            samples[frame] *= factor;
        }
    }
}

const struct effect effect_gain = {
    .info =
        {
            .name = "gain",
            .summary = "Makes the stream louder or softer.",
            .param_count = 1,
            .params = {{
                .name = "db",
                .unit = "dB",
                // From the floor of 20 bits to a whisper into full scale.
                .min = -120.0,
                .max = 60.0,
                .def = 0.0,
                .scale = CARILLON_SCALE_LINEAR,
            }},
        },
    .open = gain_open,
    .process = gain_process,
};
