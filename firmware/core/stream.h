// The streams of a core: each a chain of effects that blocks of samples pass through.
#ifndef CARILLON_CORE_STREAM_H
#define CARILLON_CORE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "carillon/shared_mem.h"
#include "core/page_pool.h"
#include "dsp/effect.h"

enum stream_state {
    STREAM_FREE,
    STREAM_BUILDING, // opened; its effects arrive
    STREAM_STARTED,
};

struct stream_effect {
    const struct effect *effect;
    // How far each list parameter has come; length 0 for the others.
    struct {
        uint32_t length;
        uint32_t written;
    } lists[CARILLON_PARAMS_MAX];
    _Alignas(16) unsigned char state[EFFECT_STATE_BYTES];
};

struct stream {
    enum stream_state state;
    struct effect_stream format;
    bool free_running;
    uint32_t block_frames;   // of a free-running stream
    uint32_t sequence;       // of its next block
    uint64_t started_us;     // when its block 0 was due
    uint64_t blocks;         // since then
    uint32_t effects_wanted;
    uint32_t effect_count;
    struct carillon_failure failure; // the first thing that went wrong while building
    struct stream_effect chain[CARILLON_EFFECTS_MAX];
};

struct stream_set {
    struct stream streams[CARILLON_STREAMS_MAX];
    uint32_t open;
    uint32_t free_running; // started ones among them
    struct page_pool pool;
    double scratch[CARILLON_CHANNELS_MAX][EFFECT_FRAMES_MAX];
};

// Takes a slot. False where it does not exist or is taken; whatever else is wrong is remembered,
// and stream_start tells it.
bool stream_open(struct stream_set *set, uint32_t slot, const void *payload, uint32_t length);

// Appends an effect, or a piece of a list of one. False where the slot is not building.
bool stream_add_effect(struct stream_set *set, uint32_t slot, const void *payload,
                       uint32_t length);
bool stream_add_list(struct stream_set *set, uint32_t slot, const void *payload, uint32_t length);

// Bytes of a block of a free-running stream.
static inline uint32_t stream_block_bytes(const struct stream *stream)
{
    return stream->block_frames * stream->format.channels * (uint32_t)sizeof(float);
}

// Ends the building. Returns what is wrong, and frees the slot where something is. A free-running
// stream whose blocks are over `block_bytes_max` is, for none of them could ever be given out.
struct carillon_failure stream_start(struct stream_set *set, uint32_t slot,
                                     uint32_t block_bytes_max, uint64_t now_us);

// The started stream in a slot, or NULL.
struct stream *stream_started(struct stream_set *set, uint32_t slot);

// Passes `length` bytes of interleaved f32, whole frames, through the chain. `in` NULL is silence.
void stream_process(struct stream_set *set, struct stream *stream, const float *in, float *out,
                    uint32_t length);

// Frees a slot and what its effects hold. False where it is free already.
bool stream_close(struct stream_set *set, uint32_t slot);
void stream_close_all(struct stream_set *set);

#endif
