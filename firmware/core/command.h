// What a core does with the commands on its ring.
#ifndef CARILLON_CORE_COMMAND_H
#define CARILLON_CORE_COMMAND_H

#include <stdbool.h>

#include "core/core.h"

// Carries a command out. False where its answer found no room: then nothing was done, and the same
// command is to be given again.
bool command_run(struct core *core, const struct ring_record *record);

#endif
