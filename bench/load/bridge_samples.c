#include "load/bridge_samples.h"

#include <math.h>
#include <string.h>

#include "dsp/decibel.h"
#include "load/load.h"

enum {
    // So many numbers can be told apart by the first sample. Each is a float, exactly.
    STAMPS = 1 << 16,
};

// To what the samples of filters are compared: rounding is a hundredth of it.
#define TOLERANCE 1e-5f

static bool is_filter;
static uint32_t samples;
static float *base; // those of a block, but for their scale
static double factor; // of every sample, where the work is no filter
static struct work_outcome outcome;

void samples_make(const struct work *work, uint32_t count)
{
    is_filter = work->is_filter;
    samples = count;
    base = load_allocate(count, sizeof *base);
    // Different in each sample, and the same in every run.
    uint32_t state = 2463534242u;
    for (uint32_t i = 0; i < count; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        base[i] = (float)(state >> 8) / (float)(1 << 23) - 1.0f;
    }
    factor = factor_of_db(work->gain_db);
    outcome = work_reckon(work, base, count);
}

void samples_fill(float *block, float scale)
{
    for (uint32_t i = 0; i < samples; i++) {
        block[i] = base[i] * scale;
    }
}

static float stamp_of(uint64_t number)
{
    return (float)(number % STAMPS);
}

void samples_put_stamp(unsigned char *block, uint64_t number)
{
    if (!is_filter) {
        float stamp = stamp_of(number);
        memcpy(block, &stamp, sizeof stamp);
    }
}

static float sample_at(const unsigned char *data, uint32_t index)
{
    float sample;
    memcpy(&sample, data + index * sizeof sample, sizeof sample);
    return sample;
}

bool samples_have_stamp(const unsigned char *data, uint64_t number)
{
    return is_filter || sample_at(data, 0) == (float)((double)stamp_of(number) * factor);
}

static bool are_multiplied(const unsigned char *data, const unsigned char *sent)
{
    for (uint32_t i = 0; i < samples; i++) {
        if (sample_at(data, i) != (float)((double)sample_at(sent, i) * factor)) {
            return false;
        }
    }
    return true;
}

bool samples_are_right(const unsigned char *data, const unsigned char *sent, uint64_t number,
                       float scale)
{
    if (!is_filter) {
        return are_multiplied(data, sent);
    }
    if (number > 0 && number < outcome.settled_from) {
        return true;
    }
    const float *expected = number == 0 ? outcome.first : outcome.settled;
    for (uint32_t i = 0; i < samples; i++) {
        // Not a number is not near anything.
        if (!(fabsf(sample_at(data, i) / scale - expected[i]) <= TOLERANCE)) {
            return false;
        }
    }
    return true;
}
