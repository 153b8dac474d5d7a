// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * A core waits until the word at its release address is not 0, and goes there. Who goes back to wait
 * writes 0 there first, so that the word tells whether a core is parked.
 */
#include <asm/barrier.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/of.h>

#include "cores.h"

static int find(struct device *device, struct cores *cores)
{
    u64 addresses[CORES_MAX];
    unsigned int i;

    if (of_property_read_u64_array(device->of_node, "carillon,release-addresses", addresses,
                       cores->count))
        return dev_err_probe(device, -EINVAL,
                     "no carillon,release-addresses for %u cores\n", cores->count);
    for (i = 0; i < cores->count; i++) {
        if (!addresses[i] || !IS_ALIGNED(addresses[i], sizeof(u64)))
            return dev_err_probe(device, -EINVAL,
                         "release address %#llx is not one of 8 bytes\n",
                         addresses[i]);
        cores->core[i].release =
            devm_memremap(device, addresses[i], sizeof(u64), MEMREMAP_WB);
        if (IS_ERR(cores->core[i].release))
            return PTR_ERR(cores->core[i].release);
    }
    return 0;
}

/* The core looks at memory itself, its caches being off. */
static void clean(const u64 *release)
{
    asm volatile("dc civac, %0" ::"r"(release) : "memory");
    dsb(sy);
}

static int start(const struct cores *cores, const struct core *core, phys_addr_t entry)
{
    WRITE_ONCE(*core->release, entry);
    /* It is there before the core is woken to look. */
    clean(core->release);
    sev();
    return 0;
}

static int state(const struct cores *cores, const struct core *core)
{
    /* Nothing of it may be in a cache from before the core wrote it. */
    clean(core->release);
    return READ_ONCE(*core->release) ? CORE_ON : CORE_PARKED;
}

const struct start_method start_by_spin_table = {
    .name = "spin-table",
    .find = find,
    .start = start,
    .state = state,
};
