// A chain of effects, as the core keeps one, for the tests: an effect gets its values checked and
// its defaults filled in, and no more than EFFECT_FRAMES_MAX frames at once.
#ifndef CARILLON_TEST_CHAIN_H
#define CARILLON_TEST_CHAIN_H

#include <math.h>
#include <string.h>

#include "core/page_pool.h"
#include "dsp/effect.h"

struct chain_link {
    _Alignas(16) unsigned char state[EFFECT_STATE_BYTES];
    const struct effect *effect;
};

struct chain {
    struct effect_stream stream;
    struct page_pool *pool;
    uint32_t count;
    struct chain_link links[CARILLON_EFFECTS_MAX];
};

static inline const struct effect *effect_named(const char *name)
{
    for (uint32_t i = 0; i < effect_count; i++) {
        if (strcmp(effect_table[i]->info.name, name) == 0) {
            return effect_table[i];
        }
    }
    return NULL;
}

// Index of a parameter, or CARILLON_NONE.
static inline uint32_t param_named(const struct effect *effect, const char *name)
{
    for (uint32_t i = 0; i < effect->info.param_count; i++) {
        if (strcmp(effect->info.params[i].name, name) == 0) {
            return i;
        }
    }
    return CARILLON_NONE;
}

// Appends an effect. `values` holds one for each parameter, NAN for what is left out, and is filled
// in; `list` are the values of its list, where it has one. `*param` tells the parameter at fault.
static inline enum carillon_status chain_append(struct chain *chain, const struct effect *effect,
                                                double *values, const double *list, uint32_t *param)
{
    *param = CARILLON_NONE;
    if (effect == NULL || chain->count == CARILLON_EFFECTS_MAX) {
        return CARILLON_STATUS_EFFECT;
    }
    for (uint32_t i = 0; i < effect->info.param_count; i++) {
        const struct carillon_param_info *info = &effect->info.params[i];
        if (isnan(values[i]) && !(info->flags & CARILLON_PARAM_REQUIRED)) {
            values[i] = info->def;
        }
        if (!(values[i] >= info->min && values[i] <= info->max)) {
            *param = i;
            return CARILLON_STATUS_VALUE;
        }
    }
    struct chain_link *link = &chain->links[chain->count];
    memset(link, 0, sizeof *link);
    link->effect = effect;
    enum carillon_status status =
        effect->open(link->state, &chain->stream, values, chain->pool, param);
    if (status != CARILLON_STATUS_OK) {
        return status;
    }
    for (uint32_t i = 0; i < effect->info.param_count; i++) {
        if (list != NULL && (effect->info.params[i].flags & CARILLON_PARAM_LIST)) {
            memcpy(effect->list(link->state, i), list, (size_t)values[i] * sizeof *list);
        }
    }
    if (effect->start != NULL) {
        effect->start(link->state);
    }
    chain->count++;
    return CARILLON_STATUS_OK;
}

// Changes any number of frames in place, in blocks of `block` (at most EFFECT_FRAMES_MAX).
static inline void chain_process(struct chain *chain, double *const *channels, uint32_t frames,
                                 uint32_t block)
{
    for (uint32_t done = 0; done < frames; done += block) {
        double *here[CARILLON_CHANNELS_MAX];
        for (uint32_t channel = 0; channel < chain->stream.channels; channel++) {
            here[channel] = channels[channel] + done;
        }
        uint32_t count = frames - done < block ? frames - done : block;
        for (uint32_t i = 0; i < chain->count; i++) {
            chain->links[i].effect->process(chain->links[i].state, here, count);
        }
    }
}

static inline void chain_close(struct chain *chain)
{
    for (uint32_t i = 0; i < chain->count; i++) {
        if (chain->links[i].effect->close != NULL) {
            chain->links[i].effect->close(chain->links[i].state, chain->pool);
        }
    }
    chain->count = 0;
}

#endif
