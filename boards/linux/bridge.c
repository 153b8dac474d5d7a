// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * What Linux has of the cores that are not its own: the memory that it shares with them, the bell that
 * they ring, and how they are started. README.md says how it is used, and what it is told by the
 * device tree.
 */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/uio_driver.h>

#include "cores.h"
#include "memory.h"

#define NAME "carillon"

/* The maps of the UIO device. A region is looked for in the first. */
enum { MAP_REGION, MAP_FIRMWARE, MAP_DOORBELLS };

struct bridge {
    struct uio_info uio;
    struct cores cores;
    struct memory firmware;
    /* Where a bell is acknowledged whose line stays up; NULL where none does. */
    void __iomem *acknowledge;
    u32 acknowledgement;
};

/* Counts: UIO wakes who polls the device, and a read gives the number of bells so far. */
static irqreturn_t hear_bell(int irq, struct uio_info *uio)
{
    struct bridge *bridge = uio->priv;

    if (bridge->acknowledge)
        writel(bridge->acknowledgement, bridge->acknowledge);
    return IRQ_HANDLED;
}

/*
 * Cached as the cores have it: of what user space may be given, only UIO_MEM_IOVA is ordinary memory.
 * UIO_MEM_PHYS is a device's, on which unaligned access faults.
 */
static void map_memory(struct uio_mem *map, const char *name, const struct memory *memory)
{
    map->name = name;
    map->memtype = UIO_MEM_IOVA;
    map->addr = memory->address;
    map->size = memory->bytes;
}

/* The registers that ring the cores: whole pages, since nothing smaller can be mapped. */
static int find_doorbells(struct platform_device *device, struct bridge *bridge)
{
    struct uio_mem *map = &bridge->uio.mem[MAP_DOORBELLS];
    struct resource *registers = platform_get_resource_byname(device, IORESOURCE_MEM, "doorbells");

    if (!registers)
        return dev_err_probe(&device->dev, -EINVAL, "no registers \"doorbells\"\n");
    if (!PAGE_ALIGNED(registers->start) || !PAGE_ALIGNED(resource_size(registers)))
        return dev_err_probe(&device->dev, -EINVAL, "doorbells: %pR is not whole pages\n",
                             registers);
    map->name = "doorbells";
    map->memtype = UIO_MEM_PHYS;
    map->addr = registers->start;
    map->size = resource_size(registers);
    bridge->cores.firmware = &bridge->firmware;
    /* Not requested: they are another driver's, that of the interrupt controller. */
    bridge->cores.doorbells =
        devm_ioremap(&device->dev, registers->start, resource_size(registers));
    return bridge->cores.doorbells ? 0 : -ENOMEM;
}

static int find_acknowledge(struct platform_device *device, struct bridge *bridge)
{
    struct resource *place = platform_get_resource_byname(device, IORESOURCE_MEM, "acknowledge");

    if (!place)
        return 0;
    if (of_property_read_u32(device->dev.of_node, "carillon,acknowledge", &bridge->acknowledgement))
        return dev_err_probe(&device->dev, -EINVAL, "no carillon,acknowledge\n");
    /* Not requested either. */
    bridge->acknowledge = devm_ioremap(&device->dev, place->start, resource_size(place));
    return bridge->acknowledge ? 0 : -ENOMEM;
}

static ssize_t start_core_store(struct device *device, struct device_attribute *attribute,
                                const char *text, size_t bytes)
{
    struct bridge *bridge = dev_get_drvdata(device);
    int error = cores_start_asked(&bridge->cores, text);

    return error ? error : bytes;
}
static DEVICE_ATTR_WO(start_core);

static ssize_t core_states_show(struct device *device, struct device_attribute *attribute,
                                char *text)
{
    struct bridge *bridge = dev_get_drvdata(device);

    return cores_print_states(&bridge->cores, text);
}
static DEVICE_ATTR_RO(core_states);

static struct attribute *bridge_attrs[] = {
    &dev_attr_start_core.attr,
    &dev_attr_core_states.attr,
    NULL,
};
static const struct attribute_group bridge_group = {.attrs = bridge_attrs};

static int bridge_probe(struct platform_device *device)
{
    struct memory region;
    struct bridge *bridge = devm_kzalloc(&device->dev, sizeof(*bridge), GFP_KERNEL);
    int error;

    if (!bridge)
        return -ENOMEM;
    error = memory_find(&device->dev, "firmware", &bridge->firmware);
    if (!error)
        error = memory_find(&device->dev, "region", &region);
    if (!error)
        error = memory_map(&device->dev, &bridge->firmware);
    if (!error)
        error = find_doorbells(device, bridge);
    if (!error)
        error = cores_find(&device->dev, &bridge->cores);
    if (!error)
        error = find_acknowledge(device, bridge);
    if (error)
        return error;
    map_memory(&bridge->uio.mem[MAP_REGION], "region", &region);
    map_memory(&bridge->uio.mem[MAP_FIRMWARE], "firmware", &bridge->firmware);
    bridge->uio.name = NAME;
    bridge->uio.version = "1";
    bridge->uio.priv = bridge;
    bridge->uio.handler = hear_bell;
    error = platform_get_irq(device, 0);
    if (error < 0)
        return error;
    bridge->uio.irq = error;
    platform_set_drvdata(device, bridge);
    /* First: who is told of the device finds its files. */
    error = devm_device_add_group(&device->dev, &bridge_group);
    if (error)
        return error;
    return devm_uio_register_device(&device->dev, &bridge->uio);
}

static const struct of_device_id bridge_match[] = {{.compatible = "carillon,bridge"}, {}};
MODULE_DEVICE_TABLE(of, bridge_match);

static struct platform_driver bridge_driver = {
    .probe = bridge_probe,
    .driver =
        {
            .name = "carillon_bridge",
            .of_match_table = bridge_match,
            /* Nobody takes it away from under a server but by removing the module, which it keeps. */
            .suppress_bind_attrs = true,
        },
};
module_platform_driver(bridge_driver);

MODULE_DESCRIPTION("Carillon: memory, bells and starting of the cores that Linux does not own");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("1");
