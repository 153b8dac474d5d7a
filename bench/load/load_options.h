// What the load generators are told on their command lines.
#ifndef CARILLON_BENCH_LOAD_OPTIONS_H
#define CARILLON_BENCH_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { LOAD_DEPTH_MAX = 1024 };

// What every one takes.
struct load_options {
    uint16_t port;        // --port N, which it has to be told
    uint32_t connections; // --connections N, 1
    uint32_t active;      // --active N, all of them
    uint32_t depth;       // --depth N, 1
    uint64_t warmup_ns;   // --warmup-ms N, 500 ms
    uint64_t duration_ns; // --duration-ms N, 2000 ms
    uint64_t stall_ns;    // --stall-ms N, 5000 ms
    pid_t server_pid;     // --server-pid PID; 0 where nobody asks for its CPU time
    bool hold;            // --hold
};

extern struct load_options load_options;

// An option that a generator has besides: a number, or a text where `text` is not NULL.
struct load_option {
    const char *name; // NULL behind the last
    uint64_t least;
    uint64_t most;
    uint64_t *number;
    const char **text;
};

// Exits with 2, and says why, where an option is none or out of its range.
void load_parse_options(int argc, char **argv, const struct load_option *others);

// Whether a connection is one of the active ones, which are spread evenly among all.
bool load_is_active(uint32_t index);

#endif
