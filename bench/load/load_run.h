// The run of a load generator, from connecting to the line with the result, and what is counted in it.
#ifndef CARILLON_BENCH_LOAD_RUN_H
#define CARILLON_BENCH_LOAD_RUN_H

#include <stdint.h>
#include <sys/types.h>

#include "load/histogram.h"

enum load_phase { LOAD_PREPARING, LOAD_WARMING_UP, LOAD_MEASURING, LOAD_DRAINING };

// Where a run is. The generator counts, but for the phase and what is started.
struct load_run {
    enum load_phase phase;
    uint32_t started;        // connections
    uint32_t ready;          // connections that can begin
    uint64_t unanswered;     // messages on their way
    uint64_t progress_at_ns; // when something came back
    struct histogram latencies_ns;
};

extern struct load_run load_run;

// A process whose CPU time the result has, as a member of this name. Not where its pid is 0.
struct load_process {
    const char *member; // NULL behind the last
    pid_t pid;
};

// What a generator does.
struct load_generator {
    void (*start_connection)(uint32_t index);
    // Waits for events, at most for a tick, and handles them.
    void (*turn)(void);
    // The warm-up begins: sends the first messages.
    void (*begin)(void);
    // Nothing more is sent. May be NULL.
    void (*stop)(void);
    // Prints members of the result that only it has, each with a comma behind. May be NULL.
    void (*print_members)(void);
    uint64_t message_bytes;
};

// Runs it as `load_options` say, and prints one line of JSON.
void load_execute(const struct load_generator *generator, const struct load_process *processes);

#endif
