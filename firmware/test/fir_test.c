#include "test/single.h"

static double taps[CARILLON_LIST_VALUES_MAX];

static void open_with(uint32_t count, uint32_t channels)
{
    double values[] = {count};
    must_open("fir", 48000, channels, values, taps);
}

// An impulse comes out as the taps, to the last bit, at any block length.
static void answers_an_impulse_with_its_taps(uint32_t count, uint32_t block)
{
    static double samples[CARILLON_LIST_VALUES_MAX + 1000];
    uint32_t frames = count + 600;
    memset(samples, 0, sizeof samples);
    samples[300] = 1.0;
    open_with(count, 1);
    process_mono(samples, frames, block);
    for (uint32_t i = 0; i < frames; i++) {
        CHECK_NEAR(samples[i], i < 300 || i >= 300 + count ? 0.0 : taps[i - 300], 0.0);
    }
}

static void is_a_convolution(uint32_t count, const uint32_t *blocks)
{
    enum { FRAMES = 3000 };
    static double input[FRAMES];
    static double samples[FRAMES];
    for (uint32_t i = 0; i < FRAMES; i++) {
        samples[i] = input[i] = sin(0.001 * i * i);
    }
    open_with(count, 1);
    for (uint32_t done = 0, turn = 0; done < FRAMES; turn = (turn + 1) % 3) {
        uint32_t frames = FRAMES - done < blocks[turn] ? FRAMES - done : blocks[turn];
        process_mono(samples + done, frames, frames);
        done += frames;
    }
    for (uint32_t n = 0; n < FRAMES; n++) {
        double sum = 0.0;
        for (uint32_t k = 0; k < count && k <= n; k++) {
            sum += taps[k] * input[n - k];
        }
        CHECK_NEAR(samples[n], sum, 0.0);
    }
}

static void keeps_channels_apart(void)
{
    static double samples[CARILLON_CHANNELS_MAX][1000];
    double *here[CARILLON_CHANNELS_MAX];
    for (uint32_t channel = 0; channel < CARILLON_CHANNELS_MAX; channel++) {
        here[channel] = samples[channel];
        samples[channel][10 * channel] = 1.0 + channel;
    }
    open_with(500, CARILLON_CHANNELS_MAX);
    chain_process(&chain, here, 1000, 77);
    for (uint32_t channel = 0; channel < CARILLON_CHANNELS_MAX; channel++) {
        for (uint32_t i = 0; i < 1000; i++) {
            uint32_t k = i - 10 * channel;
            CHECK_NEAR(samples[channel][i], k < 500 ? (1.0 + channel) * taps[k] : 0.0, 1e-15);
        }
    }
}

// A NaN is in what it is summed into, and in nothing else.
static void forgets_a_nan(void)
{
    double samples[1000] = {0.0};
    samples[400] = (double)NAN;
    open_with(100, 1);
    process_mono(samples, 1000, 64);
    for (uint32_t i = 0; i < 1000; i++) {
        CHECK_EQUAL(isnan(samples[i]), i >= 400 && i < 500);
    }
}

// As many streams as the pool has room for, then a clean refusal, then again after one has closed.
static void fills_the_pool(void)
{
    const struct effect *fir = effect_named("fir");
    enum { MORE = 100 };
    static struct chain chains[MORE];
    double values[] = {CARILLON_LIST_VALUES_MAX};
    uint32_t param;
    uint32_t opened = 0;
    for (;; opened++) {
        CHECK(opened < MORE);
        uint32_t used = pool.used;
        chains[opened] = (struct chain){
            .stream = {.sample_rate_hz = 48000, .channels = CARILLON_CHANNELS_MAX},
            .pool = &pool,
        };
        enum carillon_status status = chain_append(&chains[opened], fir, values, taps, &param);
        if (status != CARILLON_STATUS_OK) {
            CHECK_EQUAL(status, CARILLON_STATUS_MEMORY);
            CHECK_EQUAL(pool.used, used);
            break;
        }
    }
    CHECK(opened > 10);
    chain_close(&chains[opened / 2]);
    CHECK_EQUAL(chain_append(&chains[opened / 2], fir, values, taps, &param), CARILLON_STATUS_OK);
    for (uint32_t i = 0; i < opened; i++) {
        chain_close(&chains[i]);
    }
    CHECK_EQUAL(pool.used, 0);
}

// What page_pool.h counts on: 100 mono streams with 256 taps take 400 pages at most.
static void takes_few_pages(void)
{
    open_with(256, 1);
    CHECK(pool.used <= 4);
    chain_close(&chain);
}

static void refuses_lengths_out_of_range(void)
{
    static const double lengths[] = {0.0, CARILLON_LIST_VALUES_MAX + 1, -1.0, (double)NAN};
    for (uint32_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        double values[] = {lengths[i]};
        uint32_t param;
        CHECK_EQUAL(open_single("fir", 48000, 1, values, taps, &param), CARILLON_STATUS_VALUE);
        CHECK_EQUAL(param, 0);
    }
}

int main(void)
{
    for (uint32_t k = 0; k < CARILLON_LIST_VALUES_MAX; k++) {
        taps[k] = cos(0.7 * k) / (1 + k);
    }
    static const uint32_t counts[] = {1, 2, 7, 8, 9, 255, 256, 257, 1000, CARILLON_LIST_VALUES_MAX};
    for (uint32_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        answers_an_impulse_with_its_taps(counts[i], EFFECT_FRAMES_MAX);
        answers_an_impulse_with_its_taps(counts[i], 100);
        is_a_convolution(counts[i], (const uint32_t[]){256, 256, 256});
        is_a_convolution(counts[i], (const uint32_t[]){1, 255, 13});
    }
    for (uint32_t block = 1; block < 20; block++) {
        answers_an_impulse_with_its_taps(40, block);
    }
    keeps_channels_apart();
    forgets_a_nan();
    takes_few_pages();
    fills_the_pool();
    refuses_lengths_out_of_range();
    chain_close(&chain);
    CHECK_EQUAL(pool.used, 0);
    return 0;
}
