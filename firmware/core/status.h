// What a core tells of itself in the shared region.
#ifndef CARILLON_CORE_STATUS_H
#define CARILLON_CORE_STATUS_H

#include "core/core.h"

// This core's place in the region.
static inline struct carillon_core_status *core_status(struct core *core)
{
    return &core->shared->status[core->index];
}

// Moves the heartbeat alone: cheap enough for after each command.
void core_beat(struct core *core);

// Stores every counter and moves the heartbeat. To be called before whatever makes the host look:
// a store with release, then the bell. `now` is by the port's clock.
void core_publish_status(struct core *core, uint64_t now);

// Stores again who this core is and which link it uses, after that was said for the first time. Were
// it written over by mistake, the two sides would else wait for each other for good.
void core_repeat_identity(struct core *core);

#endif
