#include "core/status.h"

#include <stddef.h>

#include "core/atomic.h"

void core_beat(struct core *core)
{
    // Relaxed, here and below: each counter stands for nothing but itself.
    store_relaxed(&core_status(core)->heartbeat, ++core->heartbeat);
}

// How often the stack is looked at: that takes longer than all counters together.
#define STACK_LOOK_US 100000u

static void look_at_stack(struct core *core, uint64_t now)
{
    const struct port *port = core->port;
    if (port->stack_used == NULL || now < core->stack_look_us) {
        return;
    }
    core->stack_look_us = now + STACK_LOOK_US;
    core->stack_used = port->stack_used(port->context);
}

void core_publish_status(struct core *core, uint64_t now)
{
    struct carillon_core_status *status = core_status(core);
    look_at_stack(core, now);
    core_beat(core);
    store_relaxed(&status->uptime_us, (uint32_t)(now - core->booted_us));
    store_relaxed(&status->busy_us, (uint32_t)core->busy_us);
    store_relaxed(&status->streams, core->streams.open);
    store_relaxed(&status->blocks, core->blocks);
    store_relaxed(&status->overruns, core->overruns);
    store_relaxed(&status->refused, core->refused);
    store_relaxed(&status->damaged, core->damaged);
    store_relaxed(&status->lost, core->lost);
    store_relaxed(&status->stack_bytes, core->port->stack_bytes);
    store_relaxed(&status->stack_used, core->stack_used);
    store_relaxed(&status->trace_lost, core->trace.lost);
}

void core_repeat_identity(struct core *core)
{
    struct carillon_core_status *status = core_status(core);
    if (core->session == 0) {
        return;
    }
    // Relaxed: the host has seen these values, or waits for them after something wrote over them.
    store_relaxed(&status->session, core->session);
    store_relaxed(&status->boot, core->boot);
    store_relaxed(&status->link, core->link);
    store_relaxed(&status->state, core->link != 0 ? CARILLON_CORE_RUNNING : CARILLON_CORE_STARTING);
}
