// The string of `pluck` where its sound is not the question: that is for test/firmware/dsp.test.ts.
#include "test/single.h"

static const double LEFT_OUT = (double)NAN;
enum { RATE = 48000, SECONDS = 4 };

static void pluck(double *samples, uint32_t frames, uint32_t block, double *values)
{
    memset(samples, 0, frames * sizeof *samples);
    must_open("pluck", RATE, 1, values, NULL);
    process_mono(samples, frames, block);
}

static double peak(const double *samples, uint32_t frames)
{
    double most = 0.0;
    for (uint32_t i = 0; i < frames; i++) {
        most = fmax(most, fabs(samples[i]));
    }
    return most;
}

static void refuses_strings_too_short_for_the_sample_rate(void)
{
    static const struct {
        uint32_t rate;
        double hz;
        bool opens;
    } cases[] = {
        {1, LEFT_OUT, false},    {100, LEFT_OUT, false},  {879, LEFT_OUT, false},
        {880, LEFT_OUT, true},   {80, 20.0, true},        {79, 20.0, false},
        {48000, 12000.0, true},  {48000, 12001.0, false}, {768000, 20.0, true},
        {768000, 20000.0, true},
    };
    for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double values[] = {cases[i].hz, LEFT_OUT, LEFT_OUT, LEFT_OUT};
        uint32_t param;
        enum carillon_status status = open_single("pluck", cases[i].rate, 1, values, NULL, &param);
        CHECK_EQUAL(status, cases[i].opens ? CARILLON_STATUS_OK : CARILLON_STATUS_VALUE);
        CHECK_EQUAL(param, cases[i].opens ? CARILLON_NONE : 0);
    }
}

static void sounds_the_same_however_it_is_cut(void)
{
    static double whole[RATE * SECONDS];
    static double cut[RATE * SECONDS];
    static const uint32_t blocks[] = {1, 64, 255};
    double values[] = {LEFT_OUT, LEFT_OUT, LEFT_OUT, LEFT_OUT};
    pluck(whole, RATE * SECONDS, EFFECT_FRAMES_MAX, values);
    for (uint32_t i = 0; i < 3; i++) {
        pluck(cut, RATE * SECONDS, blocks[i], values);
        CHECK_EQUAL(memcmp(whole, cut, sizeof whole), 0);
    }
}

// Some samples of the second period, when burst and loop have both had their part: every port plays
// the same string.
static void plays_these_samples(void)
{
    static const double wanted[] = {-0.018727536267149444, -0.0042744158739119482,
                                    -0.079767084471394883, -0.035098138069598009};
    double samples[300];
    double values[] = {LEFT_OUT, LEFT_OUT, LEFT_OUT, LEFT_OUT};
    pluck(samples, 300, EFFECT_FRAMES_MAX, values);
    for (uint32_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        CHECK_NEAR(samples[294 + i], wanted[i], 0.0);
    }
}

static void is_as_loud_as_its_level(void)
{
    static double samples[RATE * SECONDS];
    for (double level = -60.0; level <= 0.0; level += 12.0) {
        double values[] = {LEFT_OUT, LEFT_OUT, LEFT_OUT, level};
        pluck(samples, RATE * SECONDS, EFFECT_FRAMES_MAX, values);
        double db = 20.0 * log10(peak(samples, RATE * SECONDS)) - level;
        CHECK_NEAR(db, -1.0, 1.0);
    }
}

// The allpass filter moves tones against each other: in a string that hardly decays they meet in
// peaks above the burst's, but never by much.
static void is_bounded(void)
{
    static double samples[RATE];
    for (double hz = 20.0; hz <= 12000.0; hz *= 1.7) {
        for (double decay = 0.05; decay <= 60.0; decay *= 9.0) {
            double values[] = {hz, decay, 0.25, 0.0};
            pluck(samples, RATE, EFFECT_FRAMES_MAX, values);
            CHECK(peak(samples, RATE) < 1.8);
        }
    }
}

static void is_plucked_at_each_interval(void)
{
    static double samples[RATE * SECONDS];
    double values[] = {440.0, 0.1, 0.75, LEFT_OUT};
    pluck(samples, RATE * SECONDS, EFFECT_FRAMES_MAX, values);
    const uint32_t interval = RATE * 3 / 4;
    for (uint32_t at = 0; at + interval <= RATE * SECONDS; at += interval) {
        double struck = peak(samples + at, RATE / 100);
        CHECK(struck > 0.15);
        CHECK(peak(samples + at + interval / 2, interval / 2) < struck * 1e-6);
        // No two plucks are of the same noise.
        CHECK(at == 0 || memcmp(samples, samples + at, 100 * sizeof *samples) != 0);
    }
}

static void adds_the_same_to_every_channel(void)
{
    enum { FRAMES = 1000 };
    static double alone[FRAMES];
    static double samples[CARILLON_CHANNELS_MAX][FRAMES];
    double values[] = {LEFT_OUT, LEFT_OUT, LEFT_OUT, LEFT_OUT};
    pluck(alone, FRAMES, EFFECT_FRAMES_MAX, values);
    double *here[CARILLON_CHANNELS_MAX];
    for (uint32_t channel = 0; channel < CARILLON_CHANNELS_MAX; channel++) {
        here[channel] = samples[channel];
        for (uint32_t i = 0; i < FRAMES; i++) {
            samples[channel][i] = channel;
        }
    }
    samples[3][500] = (double)NAN;
    must_open("pluck", RATE, CARILLON_CHANNELS_MAX, values, NULL);
    chain_process(&chain, here, FRAMES, 128);
    for (uint32_t channel = 0; channel < CARILLON_CHANNELS_MAX; channel++) {
        for (uint32_t i = 0; i < FRAMES; i++) {
            if (channel == 3 && i == 500) {
                CHECK(isnan(samples[channel][i]));
            } else {
                CHECK_NEAR(samples[channel][i], channel + alone[i], 0.0);
            }
        }
    }
}

int main(void)
{
    refuses_strings_too_short_for_the_sample_rate();
    sounds_the_same_however_it_is_cut();
    plays_these_samples();
    is_as_loud_as_its_level();
    is_bounded();
    is_plucked_at_each_interval();
    adds_the_same_to_every_channel();
    chain_close(&chain);
    CHECK_EQUAL(pool.used, 0);
    return 0;
}
