// The messages of the suite `rings`, which every contender carries and checks.
#ifndef CARILLON_BENCH_RINGS_MESSAGE_H
#define CARILLON_BENCH_RINGS_MESSAGE_H

#ifdef __cplusplus
extern "C" {
#endif

#include <stdint.h>

enum {
    MESSAGE_BYTES = 64,
    MESSAGE_WORDS = MESSAGE_BYTES / 4,
};

// What a message is follows from its sequence: word n is the sequence plus n.
static inline void message_fill(void *place, uint32_t sequence)
{
    uint32_t *words = (uint32_t *)place;
    for (uint32_t i = 0; i < MESSAGE_WORDS; i++) {
        words[i] = sequence + i;
    }
}

// Ends the program where the message is not the one of that sequence.
void message_refuse(const void *message, uint32_t sequence);

static inline void message_check(const void *message, uint32_t sequence)
{
    const uint32_t *words = (const uint32_t *)message;
    uint32_t difference = 0;
    for (uint32_t i = 0; i < MESSAGE_WORDS; i++) {
        difference |= words[i] ^ (sequence + i);
    }
    if (difference != 0) {
        message_refuse(message, sequence);
    }
}

#ifdef __cplusplus
}
#endif

#endif
