// How fast the effects are on this machine: `make -C firmware bench`. Not part of the firmware.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "test/chain.h"

static _Alignas(64) struct page_pool pool;
static double list[CARILLON_LIST_VALUES_MAX];

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

// Samples that an effect takes in a second, all channels together. The best of several tries.
static double samples_per_s(const char *name, double value, uint32_t channel_count)
{
    static struct chain chain;
    static double samples[CARILLON_CHANNELS_MAX][EFFECT_FRAMES_MAX];
    chain = (struct chain){
        .stream = {.sample_rate_hz = 48000, .channels = channel_count},
        .pool = &pool,
    };
    double *channels[CARILLON_CHANNELS_MAX];
    for (uint32_t channel = 0; channel < CARILLON_CHANNELS_MAX; channel++) {
        channels[channel] = samples[channel];
    }
    double values[CARILLON_PARAMS_MAX] = {value, (double)NAN, (double)NAN, (double)NAN};
    uint32_t param;
    if (chain_append(&chain, effect_named(name), values, list, &param) != CARILLON_STATUS_OK) {
        fprintf(stderr, "%s does not open\n", name);
        exit(1);
    }
    double best = 0.0;
    for (int tries = 0; tries < 10; tries++) {
        uint32_t blocks = 0;
        double from = now_s();
        double took;
        do {
            for (int i = 0; i < 16; i++) {
                for (uint32_t channel = 0; channel < channel_count; channel++) {
                    samples[channel][i] = 1.0 / (1 + i);
                }
                chain_process(&chain, channels, EFFECT_FRAMES_MAX, EFFECT_FRAMES_MAX);
            }
            blocks += 16;
            took = now_s() - from;
        } while (took < 0.05);
        best = fmax(best, (double)blocks * EFFECT_FRAMES_MAX * channel_count / took);
    }
    chain_close(&chain);
    return best;
}

int main(void)
{
    for (uint32_t i = 0; i < CARILLON_LIST_VALUES_MAX; i++) {
        list[i] = 1.0 / (1 + i);
    }
    for (uint32_t channels = 1; channels <= CARILLON_CHANNELS_MAX; channels *= 2) {
        printf("%u channels\n", channels);
        printf("  gain       %8.1f M samples/s\n", samples_per_s("gain", -6.0, channels) / 1e6);
        printf("  biquad     %8.1f M samples/s\n", samples_per_s("peak", 1e3, channels) / 1e6);
        printf("  pluck      %8.1f M samples/s\n", samples_per_s("pluck", 220.0, channels) / 1e6);
        for (uint32_t taps = 16; taps <= CARILLON_LIST_VALUES_MAX; taps *= 4) {
            printf("  fir %5u  %8.1f M multiply-adds/s\n", taps,
                   samples_per_s("fir", taps, channels) * taps / 1e6);
        }
    }
    return 0;
}
