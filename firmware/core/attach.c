#include "core/attach.h"

#include <stddef.h>

#include "core/atomic.h"
#include "core/status.h"

// The rings go out of use: what their streams held is given back, and what is in them is lost.
static void give_up_rings(struct core *core)
{
    stream_close_all(&core->streams);
    if (core->link != 0) {
        core->lost += ring_consumer_unread(&core->in) + ring_producer_unread(&core->out);
    }
    core->described = 0;
    core->link = 0;
}

static void unlink_rings(struct core *core)
{
    give_up_rings(core);
    // Release: this core has stopped using the rings before the host may reset its ends.
    store_release(&core_status(core)->link, 0);
}

static bool capacity_is_valid(uint32_t capacity)
{
    return capacity >= CARILLON_RING_CAPACITY_MIN && capacity <= CARILLON_RING_CAPACITY_MAX &&
           (capacity & (capacity - 1u)) == 0;
}

// The control of this core's ring of a kind, its capacity in `*capacity`; NULL where the region
// names none that lies in it.
static struct carillon_ring_control *find_ring(struct core *core, uint32_t kind,
                                               uint32_t *capacity)
{
    struct carillon_shared_mem *shared = core->shared;
    for (uint32_t i = 0; i < CARILLON_RINGS_MAX; i++) {
        // Read once: what is used is what was checked, whatever is written over it.
        struct carillon_ring_descriptor ring =
            *(const volatile struct carillon_ring_descriptor *)&shared->rings[i];
        if (ring.kind != kind || ring.core != core->index) {
            continue;
        }
        uint64_t end = (uint64_t)ring.offset + sizeof(struct carillon_ring_control) + ring.capacity;
        if (ring.offset < sizeof *shared || ring.offset % _Alignof(struct carillon_ring_control) != 0 ||
            !capacity_is_valid(ring.capacity) || end > core->region_bytes) {
            return NULL;
        }
        *capacity = ring.capacity;
        return (struct carillon_ring_control *)((unsigned char *)shared + ring.offset);
    }
    return NULL;
}

static bool overlap(const struct carillon_ring_control *a, uint32_t a_capacity,
                    const struct carillon_ring_control *b, uint32_t b_capacity)
{
    // The data of a ring follows its control.
    uintptr_t a_end = (uintptr_t)(a + 1) + a_capacity;
    uintptr_t b_end = (uintptr_t)(b + 1) + b_capacity;
    return (uintptr_t)a < b_end && (uintptr_t)b < a_end;
}

// Attaches to the region of a session, where it is one of this layout with rings for this core.
static void attach(struct core *core, uint32_t session)
{
    const struct carillon_region_header *header = &core->shared->header;
    if (header->layout_version != CARILLON_LAYOUT_VERSION ||
        header->layout_hash != CARILLON_LAYOUT_HASH || header->region_bytes > core->region_bytes) {
        return;
    }
    uint32_t in_capacity = 0;
    uint32_t out_capacity = 0;
    struct carillon_ring_control *in = find_ring(core, CARILLON_RING_TO_CORE, &in_capacity);
    struct carillon_ring_control *out = find_ring(core, CARILLON_RING_FROM_CORE, &out_capacity);
    if (in == NULL || out == NULL || overlap(in, in_capacity, out, out_capacity)) {
        return;
    }
    ring_consumer_bind(&core->in, in, in_capacity);
    ring_producer_bind(&core->out, out, out_capacity);
    core->session = session;
    trace_attach(core);
    core->refused_link = 0; // a host that has come back counts its links anew
    struct carillon_core_status *status = core_status(core);
    // Relaxed: only this core's firmware ever stores it. Never 0, for which no host links.
    core->boot = load_relaxed(&status->boot) + 1u;
    if (core->boot == 0) {
        core->boot = 1;
    }
    // Before the boot, so that no counter of an earlier start is taken for one of this.
    core_publish_status(core, core->port->now_us(core->port->context));
    // Relaxed: the boot below publishes them.
    store_relaxed(&status->session, session);
    store_relaxed(&status->state, CARILLON_CORE_STARTING);
    // Release, and last: the host links once it sees a boot that it has not linked yet.
    store_release(&status->boot, core->boot);
    core->port->ring(core->port->context);
    trace(CARILLON_TRACE_INFO, "started, boot %u, layout %x", core->boot, CARILLON_LAYOUT_HASH);
}

static void link_rings(struct core *core, uint32_t link)
{
    struct carillon_core_status *status = core_status(core);
    ring_consumer_reset(&core->in);
    ring_producer_reset(&core->out);
    core->link = link;
    store_relaxed(&status->state, CARILLON_CORE_RUNNING);
    // Release: the state is seen before the link, and this core's ends are reset before the host uses the rings.
    store_release(&status->link, link);
    core->port->ring(core->port->context);
    trace(CARILLON_TRACE_DEBUG, "linked, link %u", link);
}

bool attach_follow(struct core *core)
{
    const struct carillon_region_header *header = &core->shared->header;
    // Acquire: what the host wrote before the magic, and before the link.
    if (load_acquire(&header->magic) != CARILLON_REGION_MAGIC) {
        return false;
    }
    uint32_t session = load_acquire(&header->session);
    // 0 is no session, whatever else the host's words say: before the first one no rings are known.
    if (session == 0 || session != core->session) {
        unlink_rings(core);
        core->session = 0;
        // 0 is none: a host is about to make the region anew, or something wrote over it.
        if (session != 0) {
            attach(core, session);
        }
    }
    if (core->session == 0) {
        return false; // whatever link is there: no rings are bound
    }
    const struct carillon_core_control *control = &core->shared->control[core->index];
    uint32_t link = load_acquire(&control->link);
    if (link == core->link || (link != 0 && link == core->refused_link)) {
        return core->link != 0;
    }
    if (core->link != 0) {
        trace(CARILLON_TRACE_DEBUG, "unlinked, link %u", core->link);
        unlink_rings(core);
        core->port->ring(core->port->context);
    }
    core->refused_link = 0;
    // A link that was meant for an earlier start of this core has rings of that time.
    if (link == 0 || load_acquire(&control->boot) != core->boot) {
        return false;
    }
    link_rings(core, link);
    return true;
}

void attach_report_damage(struct core *core)
{
    core->damaged++;
    core->refused_link = core->link;
    trace(CARILLON_TRACE_ERROR, "damaged ring: %s", core->in.damaged ? "to this core" : "from this core");
    // Before the link is given up, whose store publishes it.
    core_publish_status(core, core->port->now_us(core->port->context));
    unlink_rings(core);
    core->port->ring(core->port->context);
}

void attach_leave(struct core *core)
{
    give_up_rings(core);
    core_publish_status(core, core->port->now_us(core->port->context));
    // Relaxed: the link publishes it.
    store_relaxed(&core_status(core)->state, CARILLON_CORE_STOPPED);
    // Release, and last: nothing of the shared region is touched after this.
    store_release(&core_status(core)->link, 0);
    core->port->ring(core->port->context);
}
