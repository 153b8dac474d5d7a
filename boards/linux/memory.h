/* SPDX-License-Identifier: MIT OR GPL-2.0 */
#ifndef CARILLON_MEMORY_H
#define CARILLON_MEMORY_H

#include <linux/device.h>
#include <linux/types.h>

/* Reserved memory, of which Linux makes no use of its own. */
struct memory {
    phys_addr_t address;
    size_t bytes;
    /* As this driver has it mapped, cached; NULL before memory_map. */
    void *mapped;
};

/*
 * Finds the one of a device's reserved memories that `memory-region-names` gives this name.
 * -EINVAL where it is not named, not reserved, not `no-map`, or not whole pages.
 */
int memory_find(struct device *device, const char *name, struct memory *memory);

/* Maps it until the driver leaves the device. */
int memory_map(struct device *device, struct memory *memory);

/* Whether an instruction may lie there. */
bool memory_has_instruction(const struct memory *memory, u64 address, size_t end_bytes);

/*
 * Makes what was written through the caches be in memory, where a core reads it whose caches are off,
 * and leaves nothing of it in any data or instruction cache.
 */
void memory_clean(const struct memory *memory);

#endif
