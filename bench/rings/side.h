// What the compiled programs of the suite `rings` share: one side of a measurement, of which there
// are four. Two go together, each in a process of its own:
//
//   send     sends messages for ever           receive  takes them, and measures how many
//   answer   sends every message back          call     sends one, waits for it, measures how long
//
// The side that measures prints one line of figures and ends; whoever started the other ends it.
// Both exit with 1, and a sentence, where a message is not what it must be.
#ifndef CARILLON_BENCH_RINGS_SIDE_H
#define CARILLON_BENCH_RINGS_SIDE_H

#ifdef __cplusplus
extern "C" {
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum {
    MESSAGE_BYTES = 64,
    MESSAGE_WORDS = MESSAGE_BYTES / 4,
    // Messages that one turn handles at most, where a contender handles several together.
    MESSAGES_PER_TURN_MAX = 64,
    // Room for messages in each direction, the same for every contender that has rings.
    RING_DATA_BYTES = 256 * 1024,
    // Of each of the two rings in the memory, with what a contender puts around the data.
    RING_STRIDE_BYTES = RING_DATA_BYTES + 4096,
    // Descriptors that both sides inherit: the memory, and an eventfd that wakes the one that answers.
    MEMORY_FD = 3,
    BELL_FD = 4,
};

struct side_options {
    uint64_t warmup_ns;
    uint64_t duration_ns;
    // How long the caller waits after an answer: long enough that the other side has gone to sleep.
    uint64_t pause_ns;
    // Whether the side that answers sleeps until it is woken. Otherwise it spins.
    bool sleeps;
    // Messages that the sender hands over together.
    uint32_t batch;
    // The socket of the other side; NULL for the side that makes it.
    const char *address;
};

// One contender. None of the four returns.
struct side_roles {
    void (*send)(const struct side_options *);
    void (*receive)(const struct side_options *);
    void (*answer)(const struct side_options *);
    void (*call)(const struct side_options *);
};

// Reads the arguments, takes up the role that they name, and does not return.
int side_main(int argc, char **argv, const struct side_roles *roles);

// Prints the line that says that the other side may start; `address` is NULL without a socket.
void side_ready(const char *address);

// The memory that both sides share: two rings, RING_STRIDE_BYTES each.
unsigned char *side_map_memory(void);

// Rings the eventfd, and waits for it.
void side_ring_bell(void);
void side_wait_for_bell(void);

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

static inline uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// Tells the processor that this is a loop that waits.
static inline void spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

// Counts what was received: begins with the first message, warms up, counts, prints and exits.
struct window {
    const struct side_options *options;
    enum { WINDOW_WAITS, WINDOW_WARMS_UP, WINDOW_COUNTS } state;
    uint64_t begin_ns;
    uint64_t messages;
    uint32_t turns;
};

// Looks at the clock. Never ends a window without a message in it.
void window_look(struct window *window);

// To be called after each look for messages, with how many there were; 0 counts as a turn as well.
static inline void window_turn(struct window *window, uint32_t messages)
{
    // Looking at the clock takes as long as a few messages.
    const uint32_t turns_per_look = 64;
    window->messages += messages;
    if (++window->turns % turns_per_look == 0) {
        window_look(window);
    }
}

// Waits where the options say so, then says when the next round trip begins.
uint64_t trip_begin(const struct side_options *options);

// Notes a round trip that began then and ends now. Prints and exits when it has been long enough.
void trip_end(const struct side_options *options, uint64_t begin_ns);

#ifdef __cplusplus
}
#endif

#endif
