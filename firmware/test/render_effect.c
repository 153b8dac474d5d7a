// Sends samples through a chain of effects: for the tests that compare them with another
// implementation. Not part of the firmware.
//
//   render_effect --describe
//     prints a line for each effect and each of its parameters:
//       effect NAME
//       param NAME MIN MAX DEFAULT FLAGS SCALE
//
//   render_effect
//     reads lines, then samples to the end (interleaved float32 of this machine):
//       rate HZ
//       channels COUNT
//       block FRAMES             repeated: the lengths to cut the stream into, in turn (256)
//       effect NAME [PARAM=VALUE[,VALUE...]]...
//       samples
//     and writes the samples that come out. Where the chain cannot be opened it exits with 2 and
//     prints "STATUS POSITION PARAM" as numbers.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "test/chain.h"

static _Alignas(64) struct page_pool pool;
static double values_of_list[CARILLON_LIST_VALUES_MAX];

static _Noreturn void fail(const char *why, const char *what)
{
    fprintf(stderr, "render_effect: %s: %s\n", why, what);
    exit(1);
}

static void describe(void)
{
    for (uint32_t i = 0; i < effect_count; i++) {
        const struct carillon_effect_info *info = &effect_table[i]->info;
        printf("effect %s\n", info->name);
        for (uint32_t j = 0; j < info->param_count; j++) {
            const struct carillon_param_info *param = &info->params[j];
            printf("param %s %.17g %.17g %.17g %u %u\n", param->name, param->min, param->max,
                   param->def, param->flags, param->scale);
        }
    }
}

// Reads "PARAM=VALUE,VALUE,..." into `values` or the list.
static void read_param(const struct effect *effect, char *text, double *values)
{
    char *equals = strchr(text, '=');
    if (equals == NULL) {
        fail("no value", text);
    }
    *equals = '\0';
    uint32_t param = param_named(effect, text);
    if (param == CARILLON_NONE) {
        fail("no such parameter", text);
    }
    char *at = equals;
    uint32_t count = 0;
    double value = 0.0;
    do {
        value = strtod(at + 1, &at);
        if (count < CARILLON_LIST_VALUES_MAX) {
            values_of_list[count] = value;
        }
        count++;
    } while (*at == ',');
    if (*at != '\0') {
        fail("not a number", at);
    }
    bool list = effect->info.params[param].flags & CARILLON_PARAM_LIST;
    values[param] = list ? count : value;
}

static void read_effect(struct chain *chain, char *text)
{
    char *rest = text;
    char *name = strtok_r(text, " ", &rest);
    const struct effect *effect = name == NULL ? NULL : effect_named(name);
    if (effect == NULL) {
        fail("no such effect", text);
    }
    double values[CARILLON_PARAMS_MAX];
    for (uint32_t i = 0; i < CARILLON_PARAMS_MAX; i++) {
        values[i] = (double)NAN;
    }
    for (char *param; (param = strtok_r(NULL, " ", &rest)) != NULL;) {
        read_param(effect, param, values);
    }
    uint32_t param;
    uint32_t position = chain->count;
    enum carillon_status status = chain_append(chain, effect, values, values_of_list, &param);
    if (status != CARILLON_STATUS_OK) {
        printf("%u %u %u\n", status, position, param);
        exit(2);
    }
}

// Reads up to `frames` whole frames and returns how many came.
static uint32_t read_frames(double *const *channels, uint32_t channel_count, uint32_t frames)
{
    float frame[CARILLON_CHANNELS_MAX];
    uint32_t count = 0;
    while (count < frames && fread(frame, sizeof *frame, channel_count, stdin) == channel_count) {
        for (uint32_t channel = 0; channel < channel_count; channel++) {
            channels[channel][count] = (double)frame[channel];
        }
        count++;
    }
    return count;
}

static void write_frames(double *const *channels, uint32_t channel_count, uint32_t frames)
{
    for (uint32_t frame = 0; frame < frames; frame++) {
        for (uint32_t channel = 0; channel < channel_count; channel++) {
            float sample = (float)channels[channel][frame];
            fwrite(&sample, sizeof sample, 1, stdout);
        }
    }
}

static void render(struct chain *chain, const uint32_t *blocks, uint32_t block_count)
{
    static double samples[CARILLON_CHANNELS_MAX][EFFECT_FRAMES_MAX];
    double *channels[CARILLON_CHANNELS_MAX];
    for (uint32_t channel = 0; channel < CARILLON_CHANNELS_MAX; channel++) {
        channels[channel] = samples[channel];
    }
    uint32_t frames;
    uint32_t turn = 0;
    do {
        frames = read_frames(channels, chain->stream.channels, blocks[turn]);
        if (frames > 0) {
            chain_process(chain, channels, frames, frames);
            write_frames(channels, chain->stream.channels, frames);
        }
        turn = (turn + 1) % block_count;
    } while (frames > 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--describe") == 0) {
        describe();
        return 0;
    }
    static struct chain chain = {.pool = &pool};
    uint32_t blocks[64] = {EFFECT_FRAMES_MAX};
    uint32_t block_count = 0;
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        unsigned number;
        if (sscanf(line, "rate %u", &number) == 1) {
            chain.stream.sample_rate_hz = number;
        } else if (sscanf(line, "channels %u", &number) == 1 && number >= 1 &&
                   number <= CARILLON_CHANNELS_MAX) {
            chain.stream.channels = number;
        } else if (sscanf(line, "block %u", &number) == 1 && number >= 1 &&
                   number <= EFFECT_FRAMES_MAX && block_count < 64) {
            blocks[block_count++] = number;
        } else if (strncmp(line, "effect ", 7) == 0) {
            read_effect(&chain, line + 7);
        } else if (strcmp(line, "samples") == 0) {
            break;
        } else {
            fail("cannot read", line);
        }
    }
    free(line);
    render(&chain, blocks, block_count == 0 ? 1 : block_count);
    chain_close(&chain);
    if (pool.used != 0) {
        fail("pages not given back", "");
    }
    return 0;
}
