// What a core is given to do with the samples of a stream, and what comes out.
#ifndef CARILLON_BENCH_BRIDGE_WORK_H
#define CARILLON_BENCH_BRIDGE_WORK_H

#include <stdbool.h>
#include <stdint.h>

enum {
    WORK_EFFECTS_MAX = 10,
    WORK_PARAMS_MAX = 3,
    WORK_SAMPLE_RATE_HZ = 48000,
    // The body of an OpenStream with all of them is less.
    WORK_OPEN_BYTES_MAX = 1024,
};

struct work_param {
    const char *name; // NULL behind the last
    double value;
};

struct work_effect {
    const char *name; // NULL behind the last
    struct work_param params[WORK_PARAMS_MAX];
};

struct work {
    const char *name;
    struct work_effect effects[WORK_EFFECTS_MAX];
    // Whether what becomes of a sample depends on those before it. Else it is made so much louder.
    bool is_filter;
    double gain_db;
};

// What becomes of one block that is sent again and again.
struct work_outcome {
    float *first;   // what the first one becomes
    float *settled; // what each becomes from number `settled_from` on, but for rounding
    uint64_t settled_from;
};

// "none", "gain" or "biquads"; NULL where it is none of them.
const struct work *work_find(const char *name);

// Writes the body of the OpenStream of a channel with these effects; returns where it ends.
unsigned char *work_put_open_stream(unsigned char *at, const struct work *work);

// Passes the block through the effects, by the firmware's own code, until it changes no more.
// Ends the program where that never happens.
struct work_outcome work_reckon(const struct work *work, const float *block, uint32_t samples);

#endif
