// What every effect tells of itself makes sense, and every effect keeps its contract at the edges.
#include <stdbool.h>

#include "test/chain.h"
#include "test/check.h"

static _Alignas(64) struct page_pool pool;
static double list[CARILLON_LIST_VALUES_MAX] = {0.5, 0.25};

static void describes_itself(const struct effect *effect)
{
    const struct carillon_effect_info *info = &effect->info;
    CHECK(info->name[0] != '\0');
    CHECK(memchr(info->name, '\0', sizeof info->name) != NULL);
    CHECK(info->summary[0] != '\0');
    CHECK(memchr(info->summary, '\0', sizeof info->summary) != NULL);
    CHECK(info->param_count <= CARILLON_PARAMS_MAX);
    CHECK(effect_named(info->name) == effect);
    CHECK(effect->open != NULL && effect->process != NULL);
    for (uint32_t i = 0; i < info->param_count; i++) {
        const struct carillon_param_info *param = &info->params[i];
        CHECK(param->name[0] != '\0');
        CHECK(memchr(param->name, '\0', sizeof param->name) != NULL);
        CHECK(memchr(param->unit, '\0', sizeof param->unit) != NULL);
        CHECK_EQUAL(param_named(effect, param->name), i);
        CHECK(isfinite(param->min) && isfinite(param->max));
        CHECK(param->min < param->max);
        if (!(param->flags & CARILLON_PARAM_REQUIRED)) {
            CHECK(param->min <= param->def && param->def <= param->max);
        }
        CHECK(param->rate_min >= 0.0 && param->rate_max >= 0.0);
        if (param->scale == CARILLON_SCALE_LOGARITHMIC) {
            CHECK(param->min > 0.0);
        } else {
            CHECK_EQUAL(param->scale, CARILLON_SCALE_LINEAR);
        }
        if (param->flags & CARILLON_PARAM_LIST) {
            CHECK(effect->list != NULL);
        }
    }
}

// Defaults; for what is required a value in the middle.
static void choose(const struct effect *effect, double *values)
{
    for (uint32_t i = 0; i < effect->info.param_count; i++) {
        const struct carillon_param_info *param = &effect->info.params[i];
        values[i] = param->flags & CARILLON_PARAM_LIST       ? 2.0
                    : param->flags & CARILLON_PARAM_REQUIRED ? 1000.0
                                                             : (double)NAN;
    }
}

// The same with one value chosen: whether it opens, and whose fault it is where it does not.
static void opens_with(const struct effect *effect, uint32_t rate, uint32_t chosen, double value,
                       bool opens)
{
    static struct chain chain;
    double values[CARILLON_PARAMS_MAX];
    uint32_t param;
    chain = (struct chain){.stream = {.sample_rate_hz = rate, .channels = 1}, .pool = &pool};
    choose(effect, values);
    values[chosen] = value;
    CHECK_EQUAL(chain_append(&chain, effect, values, list, &param),
                opens ? CARILLON_STATUS_OK : CARILLON_STATUS_VALUE);
    CHECK_EQUAL(param, opens ? CARILLON_NONE : chosen);
    chain_close(&chain);
}

// What it tells of the sample rate is what it holds to, a hair on either side.
static void tells_what_the_sample_rate_allows(const struct effect *effect)
{
    static const uint32_t rates[] = {8000, 44100, 48000};
    for (uint32_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        for (uint32_t j = 0; j < effect->info.param_count; j++) {
            const struct carillon_param_info *param = &effect->info.params[j];
            if (param->rate_min > 0.0) {
                opens_with(effect, rates[i], j, param->rate_min * rates[i] * (1.0 + 1e-9), true);
                opens_with(effect, rates[i], j, param->rate_min * rates[i] * (1.0 - 1e-9), false);
            }
            if (param->rate_max > 0.0) {
                opens_with(effect, rates[i], j, param->rate_max * rates[i] * (1.0 - 1e-9), true);
                opens_with(effect, rates[i], j, param->rate_max * rates[i] * (1.0 + 1e-9), false);
            }
        }
    }
}

// In every format that it opens in, whatever comes in, it neither crashes nor keeps memory; nor
// does it touch what is not its own.
static void bears_any_samples(const struct effect *effect)
{
    static const uint32_t rates[] = {1, 2, 79, 80, 100, 8000, 48000, 192000, 768000};
    static const float odd[] = {0.0f, NAN, INFINITY, -INFINITY, 3.4e38f, -3.4e38f, 1e-45f, -0.0f};
    static double samples[CARILLON_CHANNELS_MAX + 1][EFFECT_FRAMES_MAX + 1];
    static struct chain chain;
    uint32_t opened = 0;
    for (uint32_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        for (uint32_t channels = 1; channels <= CARILLON_CHANNELS_MAX; channels++) {
            chain = (struct chain){
                .stream = {.sample_rate_hz = rates[i], .channels = channels},
                .pool = &pool,
            };
            double values[CARILLON_PARAMS_MAX];
            uint32_t param;
            choose(effect, values);
            enum carillon_status status = chain_append(&chain, effect, values, list, &param);
            if (status != CARILLON_STATUS_OK) {
                CHECK_EQUAL(status, CARILLON_STATUS_VALUE);
                CHECK_TEXT(effect->info.params[param].name, "hz");
                CHECK_EQUAL(pool.used, 0);
                continue;
            }
            opened++;
            double *here[CARILLON_CHANNELS_MAX + 1];
            for (uint32_t channel = 0; channel <= CARILLON_CHANNELS_MAX; channel++) {
                here[channel] = samples[channel];
                for (uint32_t frame = 0; frame <= EFFECT_FRAMES_MAX; frame++) {
                    samples[channel][frame] = (double)odd[(frame / 3 + channel) % 8];
                }
                samples[channel][EFFECT_FRAMES_MAX] = 7.0;
            }
            samples[channels][0] = 7.0;
            for (uint32_t frames = 1; frames <= EFFECT_FRAMES_MAX; frames += 85) {
                effect->process(chain.links[0].state, here, frames);
            }
            CHECK_NEAR(samples[channels][0], 7.0, 0.0);
            for (uint32_t channel = 0; channel <= CARILLON_CHANNELS_MAX; channel++) {
                CHECK_NEAR(samples[channel][EFFECT_FRAMES_MAX], 7.0, 0.0);
            }
            chain_close(&chain);
            CHECK_EQUAL(pool.used, 0);
        }
    }
    CHECK(opened > 0);
}

// Without memory it says so, or needs none.
static void bears_an_empty_pool(const struct effect *effect)
{
    double *all = page_pool_take(&pool, (size_t)PAGE_POOL_PAGES * PAGE_DOUBLES);
    static struct chain chain;
    chain = (struct chain){.stream = {.sample_rate_hz = 48000, .channels = 8}, .pool = &pool};
    double values[CARILLON_PARAMS_MAX];
    uint32_t param;
    choose(effect, values);
    enum carillon_status status = chain_append(&chain, effect, values, list, &param);
    CHECK(status == CARILLON_STATUS_MEMORY || status == CARILLON_STATUS_OK);
    CHECK_EQUAL(status == CARILLON_STATUS_MEMORY, effect->close != NULL);
    CHECK_EQUAL(param, CARILLON_NONE);
    chain_close(&chain);
    CHECK_EQUAL(pool.used, PAGE_POOL_PAGES);
    page_pool_give(&pool, all);
}

int main(void)
{
    CHECK(effect_count > 0);
    for (uint32_t i = 0; i < effect_count; i++) {
        describes_itself(effect_table[i]);
        tells_what_the_sample_rate_allows(effect_table[i]);
        bears_any_samples(effect_table[i]);
        bears_an_empty_pool(effect_table[i]);
    }
    return 0;
}
