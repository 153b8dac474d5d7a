// The host's bell is heard by one core, for all of them.
#ifndef CARILLON_ALONE_PASS_ON_H
#define CARILLON_ALONE_PASS_ON_H

#include <stdint.h>

// In an interrupt of `core`: the host's doorbell rang, which it may have done for others too.
void bell_pass_on(uint32_t core);

#endif
