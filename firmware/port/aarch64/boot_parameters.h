// What the host tells the firmware before it starts.
#ifndef CARILLON_AARCH64_BOOT_PARAMETERS_H
#define CARILLON_AARCH64_BOOT_PARAMETERS_H

#include <stdint.h>

// The host finds the object by its symbol and writes these words into the image as it loads it, each
// little-endian. In the file they are zeros.
struct boot_parameters {
    uint64_t region;       // physical address of the shared region, a multiple of 2 MiB
    uint64_t region_bytes; // whole pages
    uint64_t cores;        // how many are started, from 0 on
    uint64_t turn_off;     // not 0: a core that stops is turned off, where cores can be (life_off)
    uint64_t uncached;     // not 0: the region is not cached, as the host does not cache it either
};

extern const struct boot_parameters boot_parameters;

#endif
