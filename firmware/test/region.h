// A region with the rings of one core, and that core, for tests that are its host.
#ifndef CARILLON_TEST_REGION_H
#define CARILLON_TEST_REGION_H

#include "core/core.h"
#include "core/status.h"
#include "test/check.h"

#define CAPACITY CARILLON_RING_CAPACITY_MIN
#define SESSION 77u

static struct {
    struct carillon_shared_mem shared;
    struct carillon_ring_control to_control;
    unsigned char to_data[CAPACITY];
    struct carillon_ring_control from_control;
    unsigned char from_data[CAPACITY];
} region;

static struct core core;

static inline struct carillon_core_status *status(void)
{
    return core_status(&core);
}

static inline struct carillon_ring_descriptor described_ring(uint32_t kind, const void *control)
{
    return (struct carillon_ring_descriptor){
        .kind = kind,
        .offset = (uint32_t)((const unsigned char *)control - (const unsigned char *)&region),
        .capacity = CAPACITY};
}

// The region as a host makes it, and core 0 as it starts.
static inline void set_up_region(const struct port *port)
{
    memset(&region, 0, sizeof region);
    region.shared.header = (struct carillon_region_header){.magic = CARILLON_REGION_MAGIC,
                                                           .layout_version = CARILLON_LAYOUT_VERSION,
                                                           .layout_hash = CARILLON_LAYOUT_HASH,
                                                           .session = SESSION,
                                                           .region_bytes = sizeof region};
    region.shared.rings[0] = described_ring(CARILLON_RING_TO_CORE, &region.to_control);
    region.shared.rings[1] = described_ring(CARILLON_RING_FROM_CORE, &region.from_control);
    core = (struct core){.port = port, .shared = &region.shared, .region_bytes = sizeof region};
}

#endif
