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
#include <stdint.h>

enum {
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

#ifdef __cplusplus
}
#endif

#endif
