// How the servers in C listen and accept.
#ifndef CARILLON_BENCH_LISTENER_H
#define CARILLON_BENCH_LISTENER_H

#include <stdint.h>

// Listens on a port of the loopback, 0 for a free one, without blocking. `*bound` is which one it is.
int listener_open(uint16_t port, uint16_t *bound);

// The next connection, which does not block and sends at once; -1 where none waits.
int listener_accept(int listener);

#endif
