// What the load generators share: clocks, connections over loopback, how they begin and how they fail.
#ifndef CARILLON_BENCH_LOAD_H
#define CARILLON_BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "load/histogram.h"

enum {
    // Ports to connect from on one address: 32768 to 60999 by default.
    LOAD_CONNECTIONS_MAX = 28000,
    LOAD_DURATION_MS_MAX = 600 * 1000,
    // Connections that are being made at a time: fewer than the shortest backlog in use, Node's 511.
    LOAD_CONNECTING_MAX = 256,
    LOAD_EVENTS_MAX = 256,
    // A prime, so that it meets every slot of a depth that is a power of two.
    LOAD_SAMPLE_EVERY = 61,
    // Time is looked at at least this often, however quiet the server is.
    LOAD_TICK_MS = 50,
    LOAD_NS_PER_MS = 1000 * 1000,
};

// The server did not do what it should: says so and exits with 1.
_Noreturn void load_fail_server(const char *format, ...) __attribute__((format(printf, 1, 2)));

uint64_t load_now_ns(clockid_t clock);

// The clock of the CPU time that a process has taken.
clockid_t load_process_clock(pid_t pid);

// Zeroed memory; there is some, or the program ends.
void *load_allocate(size_t count, size_t bytes);

// A socket that is being connected to a port of the loopback, without blocking.
int load_connect(uint16_t port, uint32_t index, uint32_t connections);

// Fails where connecting did.
void load_check_connected(int fd, uint32_t index, uint32_t connections);

// Reads what has come on a connection, at most `room` bytes. Returns how many, 0 where there are none yet;
// fails where the server ended it.
size_t load_receive(int fd, uint32_t index, void *bytes, size_t room);

// Adds or changes what an epoll instance tells of a descriptor.
void load_watch(int epoll_fd, int operation, int fd, uint32_t events, void *data);

// Says that all are connected, and waits for a line.
void load_hold(uint32_t connections, uint64_t stall_ns);

// Fails where nothing has happened since then for too long.
void load_check_stall(uint64_t since_ns, uint64_t stall_ns, const char *what);

// Fails where there cannot be as many open files as connections.
void load_check_files(uint32_t connections);

// The members of the result that say how long messages took, with a comma behind.
void load_print_latencies(const struct histogram *latencies_ns);

#endif
