// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Where nothing turns cores on and off. From power-on a core waits in the boot code's spin table until
 * the word at its release address is not 0, and goes there. The firmware that it then runs brings it
 * back to wait in the last page of the firmware's memory, where no image is loaded.
 */
#include <asm/barrier.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/of.h>
#include <linux/sizes.h>

#include "cores.h"

#define PAGE_BYTES SZ_4K
/* In that page, by the core's index. */
#define SLOT_BYTES 256

/* What a slot begins with. */
struct slot {
    /* Where the core is to go; it stores 0 as it goes. */
    u64 entry;
    /* PARKED while it waits there. */
    u64 state;
};

#define PARKED 0x6b726170ull /* "park" */

/* What sets bits of a core's mailbox 0 (BCM2836 ARM-local peripherals), in the page of the doorbells. */
#define MAILBOX_SET(index) (0x80u + 16u * (index))
/* Of as many cores; behind them are the registers that clear. Each has a slot in the parking page. */
#define MAILBOXES 4
static_assert(MAILBOXES * SLOT_BYTES <= PAGE_BYTES);

static int find(struct device *device, struct cores *cores)
{
    u64 addresses[CORES_MAX];
    unsigned int i;

    if (of_property_read_u64_array(device->of_node, "carillon,release-addresses", addresses,
                                   cores->count))
        return dev_err_probe(device, -EINVAL, "no carillon,release-addresses for %u cores\n",
                             cores->count);
    for (i = 0; i < cores->count; i++) {
        struct core *core = &cores->core[i];

        if (!addresses[i] || !IS_ALIGNED(addresses[i], sizeof(u64)))
            return dev_err_probe(device, -EINVAL, "no release address: %#llx\n", addresses[i]);
        if (core->index >= MAILBOXES)
            return dev_err_probe(device, -EINVAL, "no core %u has a mailbox\n", core->index);
        core->release = devm_memremap(device, addresses[i], sizeof(u64), MEMREMAP_WB);
        if (IS_ERR(core->release))
            return PTR_ERR(core->release);
    }
    return 0;
}

static struct slot *slot_of(const struct cores *cores, const struct core *core)
{
    const struct memory *firmware = cores->firmware;

    return firmware->mapped + firmware->bytes - PAGE_BYTES + SLOT_BYTES * core->index;
}

/* The core looks at memory itself, its caches being off: what is in ours goes there, or is forgotten. */
static void clean(const void *words)
{
    asm volatile("dc civac, %0" ::"r"(words) : "memory");
    dsb(sy);
}

static int state(const struct cores *cores, const struct core *core)
{
    struct slot *slot = slot_of(cores, core);

    clean(core->release);
    clean(slot);
    /* First: what the page says may be from before the machine was reset. */
    if (!READ_ONCE(*core->release))
        return CORE_OFF;
    if (READ_ONCE(slot->state) != PARKED)
        return CORE_ON;
    /* The core takes back that it waits before it takes the entry. */
    return READ_ONCE(slot->entry) ? CORE_PENDING : CORE_PARKED;
}

/* Called only with the core at rest. */
static int start(const struct cores *cores, const struct core *core, phys_addr_t entry)
{
    struct slot *slot = slot_of(cores, core);

    if (state(cores, core) == CORE_OFF) {
        /* From here on the page is believed. */
        WRITE_ONCE(slot->state, 0);
        WRITE_ONCE(slot->entry, 0);
        clean(slot);
        WRITE_ONCE(*core->release, entry);
        /* It is there before the core is woken to look. */
        clean(core->release);
        sev();
        return 0;
    }
    WRITE_ONCE(slot->entry, entry);
    clean(slot);
    writel(1, cores->doorbells + MAILBOX_SET(core->index));
    return 0;
}

const struct start_method start_by_parking = {
    .name = "parking",
    .own_bytes = PAGE_BYTES,
    .find = find,
    .start = start,
    .state = state,
};
