// A process that does what it cannot leaves the same record as a core on bare metal, and then ends by
// the signal that it got.
#ifndef CARILLON_HOSTED_FAULT_H
#define CARILLON_HOSTED_FAULT_H

#include "core/core.h"

// Handles the signals of a fault from now on, on a stack of their own. `core` has its port, its
// region and its index.
void fault_watch(const struct core *core);

#endif
