// SPDX-License-Identifier: MIT OR GPL-2.0
#include "memory.h"

#include <asm/barrier.h>
#include <asm/cache.h>
#include <asm/cputype.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/of.h>
#include <linux/of_reserved_mem.h>

static struct device_node *named_node(struct device_node *node, const char *name)
{
    int index = of_property_match_string(node, "memory-region-names", name);

    return index < 0 ? NULL : of_parse_phandle(node, "memory-region", index);
}

int memory_find(struct device *device, const char *name, struct memory *memory)
{
    struct device_node *node = named_node(device->of_node, name);
    struct reserved_mem *reserved = node ? of_reserved_mem_lookup(node) : NULL;
    /* Else Linux has it mapped for itself as well, and may read ahead in it. */
    bool no_map = node && of_property_read_bool(node, "no-map");

    of_node_put(node);
    if (!reserved)
        return dev_err_probe(device, -EINVAL, "no reserved memory \"%s\"\n", name);
    if (!no_map)
        return dev_err_probe(device, -EINVAL, "memory \"%s\" is not no-map\n", name);
    if (!reserved->size || !PAGE_ALIGNED(reserved->base) || !PAGE_ALIGNED(reserved->size))
        return dev_err_probe(device, -EINVAL,
                             "memory \"%s\", %pa bytes at %pa, is not whole pages\n", name,
                             &reserved->size, &reserved->base);
    memory->address = reserved->base;
    memory->bytes = reserved->size;
    memory->mapped = NULL;
    return 0;
}

int memory_map(struct device *device, struct memory *memory)
{
    memory->mapped = devm_memremap(device, memory->address, memory->bytes, MEMREMAP_WB);
    return PTR_ERR_OR_ZERO(memory->mapped);
}

bool memory_has_instruction(const struct memory *memory, u64 address, size_t end_bytes)
{
    return IS_ALIGNED(address, sizeof(u32)) && address >= memory->address &&
           address - memory->address < memory->bytes - end_bytes;
}

void memory_clean(const struct memory *memory)
{
    /* DminLine of CTR_EL0: words of the smallest line, as a power of two. */
    size_t line = sizeof(u32) << ((read_cpuid_cachetype() >> 16) & 0xf);
    const char *end = memory->mapped + memory->bytes;
    const char *at = PTR_ALIGN_DOWN((const char *)memory->mapped, line);

    for (; at < end; at += line)
        asm volatile("dc civac, %0" ::"r"(at) : "memory");
    dsb(ish);
    asm volatile("ic ialluis" ::: "memory");
    /* Nobody is started before all that is done, for whoever is outside the caches too. */
    dsb(sy);
    isb();
}
