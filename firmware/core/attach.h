// How a core joins a region and its host: session, boot and link.
#ifndef CARILLON_CORE_ATTACH_H
#define CARILLON_CORE_ATTACH_H

#include <stdbool.h>

#include "core/core.h"

// Follows what the host wants: attaches to a region made anew, links and unlinks. Cheap where
// nothing has changed. True where the rings may be used.
bool attach_follow(struct core *core);

// Leaves the rings because one is damaged, until the host links anew.
void attach_report_damage(struct core *core);

// Leaves the region for good: what is in the rings is counted, and the core is stopped.
void attach_leave(struct core *core);

#endif
