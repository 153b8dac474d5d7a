#include "core/stream.h"

#include <stddef.h>
#include <string.h>

#include "core/assert.h"

static struct carillon_failure failure(enum carillon_status status, uint32_t position,
                                       uint32_t param)
{
    return (struct carillon_failure){.status = status, .position = position, .param = param};
}

static void fail(struct stream *stream, enum carillon_status status, uint32_t position,
                 uint32_t param)
{
    if (stream->failure.status == CARILLON_STATUS_OK) {
        stream->failure = failure(status, position, param);
    }
}

static struct stream *in_state(struct stream_set *set, uint32_t slot, enum stream_state state)
{
    if (slot >= CARILLON_STREAMS_MAX || set->streams[slot].state != state) {
        return NULL;
    }
    return &set->streams[slot];
}

static bool format_is_valid(const struct carillon_open_stream *open)
{
    if (open->sample_rate_hz < CARILLON_SAMPLE_RATE_HZ_MIN ||
        open->sample_rate_hz > CARILLON_SAMPLE_RATE_HZ_MAX || open->channels == 0 ||
        open->channels > CARILLON_CHANNELS_MAX) {
        return false;
    }
    if ((open->flags & CARILLON_STREAM_FREE_RUNNING) == 0) {
        return true;
    }
    return open->block_frames > 0 && open->block_frames <= EFFECT_FRAMES_MAX;
}

bool stream_open(struct stream_set *set, uint32_t slot, const void *payload, uint32_t length)
{
    struct stream *stream = in_state(set, slot, STREAM_FREE);
    if (stream == NULL) {
        return false;
    }
    struct carillon_open_stream open = {0};
    stream->state = STREAM_BUILDING;
    stream->failure = failure(CARILLON_STATUS_OK, CARILLON_NONE, CARILLON_NONE);
    stream->effect_count = 0;
    stream->sequence = 0;
    stream->blocks = 0;
    set->open++;
    if (length != sizeof open) {
        fail(stream, CARILLON_STATUS_MALFORMED, CARILLON_NONE, CARILLON_NONE);
        return true;
    }
    memcpy(&open, payload, sizeof open);
    if (!format_is_valid(&open)) {
        fail(stream, CARILLON_STATUS_FORMAT, CARILLON_NONE, CARILLON_NONE);
    } else if (open.effect_count > CARILLON_EFFECTS_MAX) {
        fail(stream, CARILLON_STATUS_EFFECT, CARILLON_NONE, CARILLON_NONE);
    }
    stream->format.sample_rate_hz = open.sample_rate_hz;
    stream->format.channels = open.channels;
    stream->free_running = (open.flags & CARILLON_STREAM_FREE_RUNNING) != 0;
    stream->block_frames = open.block_frames;
    stream->effects_wanted = open.effect_count;
    return true;
}

static void append_effect(struct stream_set *set, struct stream *stream,
                          const struct carillon_effect_config *config, const double *values)
{
    uint32_t position = stream->effect_count;
    if (config->effect >= effect_count) {
        fail(stream, CARILLON_STATUS_EFFECT, position, CARILLON_NONE);
        return;
    }
    const struct effect *effect = effect_table[config->effect];
    if (config->value_count != effect->info.param_count) {
        fail(stream, CARILLON_STATUS_MALFORMED, position, CARILLON_NONE);
        return;
    }
    uint32_t param = effect_wrong_value(effect, values);
    if (param != CARILLON_NONE) {
        fail(stream, CARILLON_STATUS_VALUE, position, param);
        return;
    }
    struct stream_effect *link = &stream->chain[position];
    memset(link, 0, sizeof *link);
    link->effect = effect;
    enum carillon_status status =
        effect->open(link->state, &stream->format, values, &set->pool, &param);
    if (status != CARILLON_STATUS_OK) {
        fail(stream, status, position, param);
        return;
    }
    for (uint32_t i = 0; i < effect->info.param_count; i++) {
        if ((effect->info.params[i].flags & CARILLON_PARAM_LIST) != 0) {
            link->lists[i].length = (uint32_t)values[i];
        }
    }
    stream->effect_count++;
}

bool stream_add_effect(struct stream_set *set, uint32_t slot, const void *payload,
                       uint32_t length)
{
    struct stream *stream = in_state(set, slot, STREAM_BUILDING);
    if (stream == NULL) {
        return false;
    }
    if (stream->failure.status != CARILLON_STATUS_OK) {
        return true; // the first failure is the one that is told
    }
    struct carillon_effect_config config;
    double values[CARILLON_PARAMS_MAX];
    if (length < sizeof config) {
        fail(stream, CARILLON_STATUS_MALFORMED, CARILLON_NONE, CARILLON_NONE);
        return true;
    }
    memcpy(&config, payload, sizeof config);
    if (config.value_count > CARILLON_PARAMS_MAX ||
        length != sizeof config + config.value_count * sizeof *values ||
        config.position != stream->effect_count || config.position >= stream->effects_wanted) {
        fail(stream, CARILLON_STATUS_MALFORMED, config.position, CARILLON_NONE);
        return true;
    }
    memcpy(values, (const unsigned char *)payload + sizeof config,
           config.value_count * sizeof *values);
    append_effect(set, stream, &config, values);
    return true;
}

bool stream_add_list(struct stream_set *set, uint32_t slot, const void *payload, uint32_t length)
{
    struct stream *stream = in_state(set, slot, STREAM_BUILDING);
    if (stream == NULL) {
        return false;
    }
    if (stream->failure.status != CARILLON_STATUS_OK) {
        return true;
    }
    struct carillon_list_values piece;
    if (length < sizeof piece) {
        fail(stream, CARILLON_STATUS_MALFORMED, CARILLON_NONE, CARILLON_NONE);
        return true;
    }
    memcpy(&piece, payload, sizeof piece);
    if (piece.position >= stream->effect_count || piece.param >= CARILLON_PARAMS_MAX ||
        piece.count > CARILLON_LIST_VALUES_MAX ||
        length != sizeof piece + piece.count * sizeof(double)) {
        fail(stream, CARILLON_STATUS_MALFORMED, piece.position, CARILLON_NONE);
        return true;
    }
    struct stream_effect *link = &stream->chain[piece.position];
    const struct carillon_param_info *param = &link->effect->info.params[piece.param];
    uint32_t missing = link->lists[piece.param].length - link->lists[piece.param].written;
    // In order and without gaps, so that how much has come says what has come.
    if (piece.count > missing || piece.first != link->lists[piece.param].written) {
        fail(stream, CARILLON_STATUS_LIST, piece.position, piece.param);
        return true;
    }
    if (piece.count == 0) {
        return true;
    }
    double *list = link->effect->list(link->state, piece.param) + piece.first;
    memcpy(list, (const unsigned char *)payload + sizeof piece, piece.count * sizeof *list);
    for (uint32_t i = 0; i < piece.count; i++) {
        if (!(list[i] >= param->min && list[i] <= param->max)) {
            fail(stream, CARILLON_STATUS_VALUE, piece.position, piece.param);
            return true;
        }
    }
    link->lists[piece.param].written += piece.count;
    return true;
}

static void check_complete(struct stream *stream)
{
    if (stream->effect_count != stream->effects_wanted) {
        fail(stream, CARILLON_STATUS_EFFECT, stream->effect_count, CARILLON_NONE);
    }
    for (uint32_t i = 0; i < stream->effect_count; i++) {
        for (uint32_t param = 0; param < CARILLON_PARAMS_MAX; param++) {
            if (stream->chain[i].lists[param].written != stream->chain[i].lists[param].length) {
                fail(stream, CARILLON_STATUS_LIST, i, param);
            }
        }
    }
}

struct carillon_failure stream_start(struct stream_set *set, uint32_t slot,
                                     uint32_t block_bytes_max, uint64_t now_us)
{
    struct stream *stream = in_state(set, slot, STREAM_BUILDING);
    if (stream == NULL) {
        return failure(CARILLON_STATUS_STREAM, CARILLON_NONE, CARILLON_NONE);
    }
    if (stream->failure.status == CARILLON_STATUS_OK) {
        check_complete(stream);
    }
    if (stream->free_running && stream_block_bytes(stream) > block_bytes_max) {
        fail(stream, CARILLON_STATUS_FORMAT, CARILLON_NONE, CARILLON_NONE);
    }
    struct carillon_failure result = stream->failure;
    if (result.status != CARILLON_STATUS_OK) {
        stream_close(set, slot);
        return result;
    }
    for (uint32_t i = 0; i < stream->effect_count; i++) {
        if (stream->chain[i].effect->start != NULL) {
            stream->chain[i].effect->start(stream->chain[i].state);
        }
    }
    stream->started_us = now_us;
    stream->state = STREAM_STARTED;
    set->free_running += stream->free_running ? 1 : 0;
    return result;
}

struct stream *stream_started(struct stream_set *set, uint32_t slot)
{
    return in_state(set, slot, STREAM_STARTED);
}

static void process_frames(struct stream_set *set, struct stream *stream, const float *in,
                           float *out, uint32_t frames)
{
    uint32_t channels = stream->format.channels;
    double *planes[CARILLON_CHANNELS_MAX];
    for (uint32_t c = 0; c < channels; c++) {
        planes[c] = set->scratch[c];
        for (uint32_t i = 0; i < frames; i++) {
            planes[c][i] = in == NULL ? 0.0 : (double)in[i * channels + c];
        }
    }
    for (uint32_t i = 0; i < stream->effect_count; i++) {
        stream->chain[i].effect->process(stream->chain[i].state, planes, frames);
    }
    for (uint32_t c = 0; c < channels; c++) {
        for (uint32_t i = 0; i < frames; i++) {
            out[i * channels + c] = (float)planes[c][i];
        }
    }
}

void stream_process(struct stream_set *set, struct stream *stream, const float *in, float *out,
                    uint32_t length)
{
    if (stream->effect_count == 0 && in != NULL) {
        memcpy(out, in, length); // every bit, the payloads of NaNs as well
        return;
    }
    uint32_t channels = stream->format.channels;
    uint32_t frames = length / (channels * (uint32_t)sizeof(float));
    while (frames > 0) {
        uint32_t now = frames < EFFECT_FRAMES_MAX ? frames : EFFECT_FRAMES_MAX;
        process_frames(set, stream, in, out, now);
        in = in == NULL ? NULL : in + now * channels;
        out += now * channels;
        frames -= now;
    }
}

bool stream_close(struct stream_set *set, uint32_t slot)
{
    if (slot >= CARILLON_STREAMS_MAX || set->streams[slot].state == STREAM_FREE) {
        return false;
    }
    struct stream *stream = &set->streams[slot];
    for (uint32_t i = 0; i < stream->effect_count; i++) {
        if (stream->chain[i].effect->close != NULL) {
            stream->chain[i].effect->close(stream->chain[i].state, &set->pool);
        }
    }
    if (stream->state == STREAM_STARTED && stream->free_running) {
        set->free_running--;
    }
    ASSERT(set->open > 0);
    stream->state = STREAM_FREE;
    set->open--;
    return true;
}

void stream_close_all(struct stream_set *set)
{
    for (uint32_t slot = 0; slot < CARILLON_STREAMS_MAX; slot++) {
        stream_close(set, slot);
    }
}
