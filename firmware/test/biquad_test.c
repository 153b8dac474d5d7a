// The filters of the cookbook where a formula is not enough: limits, NaN, channels. That
// the formulas are right is for test/firmware/dsp.test.ts.
#include "test/single.h"

static const double LEFT_OUT = (double)NAN;

static const char *const names[] = {
    "lowpass", "highpass", "bandpass", "notch", "peak", "lowshelf", "highshelf",
};
enum { NAMES = sizeof names / sizeof names[0] };

static void refuses_what_the_sample_rate_does_not_allow(const char *name)
{
    static const struct {
        uint32_t rate;
        double hz;
        bool opens;
    } cases[] = {
        {48000, 23999.0, true},  {48000, 23999.9, false},  {48000, 24000.0, false},
        {48000, 24001.0, false}, {48000, 1.0, true},       {48000, 0.1, false},
        {192000, 1.0, true},     {768000, 383990.0, true}, {768000, 384000.0, false},
        {1, 0.001, true},        {1, 0.4, true},           {1, 0.5, false},
        {1, 1000.0, false},      {2, 0.9, true},           {2, 1.0, false},
    };
    for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double values[] = {cases[i].hz, LEFT_OUT, LEFT_OUT};
        uint32_t param;
        enum carillon_status status = open_single(name, cases[i].rate, 1, values, NULL, &param);
        CHECK_EQUAL(status, cases[i].opens ? CARILLON_STATUS_OK : CARILLON_STATUS_VALUE);
        CHECK_EQUAL(param, cases[i].opens ? CARILLON_NONE : 0);
    }
}

static void wants_a_frequency(const char *name)
{
    double values[] = {LEFT_OUT, LEFT_OUT, LEFT_OUT};
    uint32_t param;
    CHECK_EQUAL(open_single(name, 48000, 1, values, NULL, &param), CARILLON_STATUS_VALUE);
    CHECK_EQUAL(param, 0);
}

// What is not finite goes out at once and leaves nothing behind: after it the filter is as new,
// wherever the blocks are cut.
static void starts_afresh_after(const char *name, double odd, uint32_t block)
{
    enum { FRAMES = 600, AT = 300 };
    double values[] = {1000.0, LEFT_OUT, 6.0};
    double fresh[FRAMES];
    double samples[FRAMES];
    for (uint32_t i = 0; i < FRAMES; i++) {
        samples[i] = fresh[i] = sin(0.1 * i);
    }
    samples[AT] = odd;
    must_open(name, 48000, 1, values, NULL);
    process_mono(samples, FRAMES, block);
    must_open(name, 48000, 1, values, NULL);
    process_mono(fresh + AT + 1, FRAMES - AT - 1, block);
    for (uint32_t i = 0; i < AT; i++) {
        CHECK(isfinite(samples[i]));
    }
    CHECK(!isfinite(samples[AT]));
    for (uint32_t i = AT + 1; i < FRAMES; i++) {
        CHECK_NEAR(samples[i], fresh[i], 0.0);
    }
}

// Each channel comes out as it does alone, however many there are beside it.
static void keeps_channels_apart(const char *name)
{
    static double together[CARILLON_CHANNELS_MAX][EFFECT_FRAMES_MAX];
    double values[] = {1000.0, LEFT_OUT, 6.0};
    for (uint32_t channels = 1; channels <= CARILLON_CHANNELS_MAX; channels++) {
        double *here[CARILLON_CHANNELS_MAX];
        for (uint32_t channel = 0; channel < channels; channel++) {
            here[channel] = together[channel];
            for (uint32_t i = 0; i < EFFECT_FRAMES_MAX; i++) {
                together[channel][i] = sin((0.1 + channel) * i);
            }
        }
        must_open(name, 48000, channels, values, NULL);
        chain_process(&chain, here, EFFECT_FRAMES_MAX, 100);
        for (uint32_t channel = 0; channel < channels; channel++) {
            double alone[EFFECT_FRAMES_MAX];
            for (uint32_t i = 0; i < EFFECT_FRAMES_MAX; i++) {
                alone[i] = sin((0.1 + channel) * i);
            }
            must_open(name, 48000, 1, values, NULL);
            process_mono(alone, EFFECT_FRAMES_MAX, 100);
            CHECK_EQUAL(memcmp(alone, together[channel], sizeof alone), 0);
        }
    }
}

// The gain after the filter has settled, for a constant or for +1, -1, +1 ...
static double settled(const char *name, double db, double step)
{
    double values[] = {5000.0, LEFT_OUT, db};
    static double samples[4800];
    for (uint32_t i = 0; i < 4800; i++) {
        samples[i] = i % 2 == 0 ? 1.0 : step;
    }
    must_open(name, 48000, 1, values, NULL);
    process_mono(samples, 4800, EFFECT_FRAMES_MAX);
    return samples[4798];
}

static void passes_what_its_name_says(void)
{
    static const struct {
        const char *name;
        double at_zero;
        double at_half_the_sample_rate;
    } cases[] = {
        {"lowpass", 1.0, 0.0},    {"highpass", 0.0, 1.0}, {"bandpass", 0.0, 0.0},
        {"notch", 1.0, 1.0},      {"peak", 1.0, 1.0},     {"lowshelf", 10.0, 1.0},
        {"highshelf", 1.0, 10.0},
    };
    for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_NEAR(settled(cases[i].name, 20.0, 1.0), cases[i].at_zero, 1e-12);
        CHECK_NEAR(settled(cases[i].name, 20.0, -1.0), cases[i].at_half_the_sample_rate, 1e-12);
    }
}

int main(void)
{
    for (uint32_t i = 0; i < NAMES; i++) {
        refuses_what_the_sample_rate_does_not_allow(names[i]);
        wants_a_frequency(names[i]);
        for (uint32_t block = 1; block <= EFFECT_FRAMES_MAX; block += 51) {
            starts_afresh_after(names[i], (double)NAN, block);
            starts_afresh_after(names[i], (double)INFINITY, block);
            starts_afresh_after(names[i], -(double)INFINITY, block);
        }
        keeps_channels_apart(names[i]);
    }
    passes_what_its_name_says();
    return 0;
}
