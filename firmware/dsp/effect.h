// What an effect is. Each effect is one `const struct effect`, declared in effects.h and listed in
// effect_table.c; the host learns of it from its `info`, so a new effect needs no change outside this folder.
#ifndef CARILLON_DSP_EFFECT_H
#define CARILLON_DSP_EFFECT_H

#include <stddef.h>
#include <stdint.h>

#include "carillon/shared_mem.h"

struct page_pool;

// Frames that one call of `process` handles at most. Longer blocks are cut: small enough that the
// working set of all channels stays in a 32 KiB first-level cache.
#define EFFECT_FRAMES_MAX 256u

// Bytes of state that every effect in a chain has for its own. What does not fit (delay lines,
// taps) comes from the core's page pool.
#define EFFECT_STATE_BYTES 384u

// The stream that an effect works in, fixed for the life of the stream.
struct effect_stream {
    uint32_t sample_rate_hz; // CARILLON_SAMPLE_RATE_HZ_MIN to _MAX
    uint32_t channels;       // 1 to CARILLON_CHANNELS_MAX
};

struct effect {
    struct carillon_effect_info info;

    // Prepares `state` (zeroed, EFFECT_STATE_BYTES, 16-byte aligned) from `values`, one per
    // parameter in the order of `info.params`, each already checked by effect_wrong_value; a
    // parameter that was left out has its default. The value of a list parameter is its length,
    // and its range is that of the values in the list.
    //
    // Returns CARILLON_STATUS_OK, or the error, with the parameter at fault in `*param` where there is one
    // (a frequency over half the sample rate). What it took from the pool it has given back then.
    enum carillon_status (*open)(void *state, const struct effect_stream *stream,
                                 const double *values, struct page_pool *pool, uint32_t *param);

    // Where a list parameter's values are to be written before the first `process`, or NULL where
    // the effect has no list. `open` has set the room aside.
    double *(*list)(void *state, uint32_t param);

    // Called once all lists are written, before the first `process`. May be NULL.
    void (*start)(void *state);

    // Changes `frames` (1 to EFFECT_FRAMES_MAX) samples of every channel in place.
    void (*process)(void *state, double *const *channels, uint32_t frames);

    // Gives back what `open` took from the pool. May be NULL.
    void (*close)(void *state, struct page_pool *pool);
};

// The index of the first value that its parameter does not take, or CARILLON_NONE. The length of a
// list is 1 to CARILLON_LIST_VALUES_MAX.
uint32_t effect_wrong_value(const struct effect *effect, const double *values);

extern const struct effect *const effect_table[];
extern const uint32_t effect_count;

#endif
