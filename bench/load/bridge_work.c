#include "load/bridge_work.h"

#include <math.h>
#include <string.h>

#include "common/program.h"
#include "common/wire.h"
#include "core/assert.h"
#include "core/stream.h"
#include "load/load.h"

// A thousandth of what the samples are compared to.
#define SETTLED 1e-8f

enum { BLOCKS_MAX = 100000 };

#define HZ_Q(hz, quality)                                                                          \
    {                                                                                              \
        {"hz", hz}, {"q", quality}                                                                 \
    }
#define HZ_Q_DB(hz, quality, gain)                                                                 \
    {                                                                                              \
        {"hz", hz}, {"q", quality}, {"db", gain}                                                   \
    }

static const struct work works[] = {
    {.name = "none"},
    {.name = "gain", .effects = {{"gain", {{"db", 6.0}}}}, .gain_db = 6.0},
    // Poles so far from the unit circle that all of them have forgotten a sample after some thousand.
    {.name = "biquads",
     .is_filter = true,
     .effects = {{"highpass", HZ_Q(400.0, 0.7)},
                 {"lowshelf", HZ_Q_DB(600.0, 0.7, 3.0)},
                 {"peak", HZ_Q_DB(800.0, 1.0, -3.0)},
                 {"peak", HZ_Q_DB(1200.0, 1.0, 2.0)},
                 {"peak", HZ_Q_DB(2000.0, 1.0, -2.0)},
                 {"notch", HZ_Q(3000.0, 1.0)},
                 {"peak", HZ_Q_DB(5000.0, 1.0, 3.0)},
                 {"peak", HZ_Q_DB(7000.0, 1.0, -3.0)},
                 {"highshelf", HZ_Q_DB(9000.0, 0.7, 2.0)},
                 {"lowpass", HZ_Q(12000.0, 0.7)}}},
};

const struct work *work_find(const char *name)
{
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        if (strcmp(works[i].name, name) == 0) {
            return &works[i];
        }
    }
    return NULL;
}

static uint32_t effects_of(const struct work *work)
{
    uint32_t count = 0;
    while (count < WORK_EFFECTS_MAX && work->effects[count].name != NULL) {
        count++;
    }
    return count;
}

static uint32_t params_of(const struct work_effect *effect)
{
    uint32_t count = 0;
    while (count < WORK_PARAMS_MAX && effect->params[count].name != NULL) {
        count++;
    }
    return count;
}

static unsigned char *put_effect(unsigned char *at, const struct work_effect *effect)
{
    unsigned char body[128];
    unsigned char *end = wire_put_bytes(body, 1, effect->name, strlen(effect->name));
    for (uint32_t i = 0; i < params_of(effect); i++) {
        const struct work_param *param = &effect->params[i];
        unsigned char inner[32];
        unsigned char *inner_end = wire_put_bytes(inner, 1, param->name, strlen(param->name));
        // A list of one, packed.
        inner_end = wire_put_bytes(inner_end, 2, &param->value, sizeof param->value);
        end = wire_put_bytes(end, 2, inner, (size_t)(inner_end - inner));
    }
    return wire_put_bytes(at, 3, body, (size_t)(end - body));
}

unsigned char *work_put_open_stream(unsigned char *at, const struct work *work)
{
    at = wire_put_number(at, 1, WORK_SAMPLE_RATE_HZ);
    at = wire_put_number(at, 2, 1);
    for (uint32_t i = 0; i < effects_of(work); i++) {
        at = put_effect(at, &work->effects[i]);
    }
    return at;
}

// The firmware's own notes it for the core that it ends; here there is none.
_Noreturn void assert_failed(enum carillon_fault_kind kind, const char *file, uint32_t line,
                             const char *message)
{
    (void)kind;
    program_fail(1, "%s:%u: %s does not hold", file, (unsigned)line, message);
}

static void add_effect(struct stream_set *set, const struct work_effect *effect, uint32_t position)
{
    struct {
        struct carillon_effect_config config;
        double values[CARILLON_PARAMS_MAX];
    } record = {.config = {.position = position, .effect = CARILLON_NONE}};
    for (uint32_t i = 0; i < effect_count; i++) {
        const struct carillon_effect_info *info = &effect_table[i]->info;
        if (strcmp(info->name, effect->name) != 0) {
            continue;
        }
        record.config.effect = i;
        record.config.value_count = info->param_count;
        for (uint32_t p = 0; p < params_of(effect); p++) {
            // Every effect has its parameters in the order in which they stand above.
            record.values[p] = effect->params[p].value;
        }
    }
    uint32_t bytes = (uint32_t)sizeof record.config +
                     record.config.value_count * (uint32_t)sizeof *record.values;
    stream_add_effect(set, 0, &record, bytes);
}

struct work_outcome work_reckon(const struct work *work, const float *block, uint32_t samples)
{
    static struct stream_set set;
    const struct carillon_open_stream open = {
        .sample_rate_hz = WORK_SAMPLE_RATE_HZ, .channels = 1, .effect_count = effects_of(work)};
    stream_open(&set, 0, &open, sizeof open);
    for (uint32_t i = 0; i < open.effect_count; i++) {
        add_effect(&set, &work->effects[i], i);
    }
    if (stream_start(&set, 0, UINT32_MAX, 0).status != CARILLON_STATUS_OK) {
        program_fail(1, "the firmware does not take the effects of \"%s\"", work->name);
    }
    uint32_t bytes = samples * (uint32_t)sizeof *block;
    float *before = load_allocate(samples, sizeof *block);
    struct work_outcome outcome = {.first = load_allocate(samples, sizeof *block),
                                   .settled = load_allocate(samples, sizeof *block)};
    struct stream *stream = stream_started(&set, 0);
    for (uint64_t number = 0; number < BLOCKS_MAX; number++) {
        stream_process(&set, stream, block, outcome.settled, bytes);
        float most = 0;
        for (uint32_t i = 0; i < samples; i++) {
            most = fmaxf(most, fabsf(outcome.settled[i] - before[i]));
        }
        if (number == 0) {
            memcpy(outcome.first, outcome.settled, bytes);
        } else if (most < SETTLED) {
            outcome.settled_from = number;
            return outcome;
        }
        memcpy(before, outcome.settled, bytes);
    }
    program_fail(1, "\"%s\" never settles", work->name);
}
