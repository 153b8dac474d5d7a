// SPDX-License-Identifier: MIT OR GPL-2.0
#include "cores.h"

#include <linux/kernel.h>
#include <linux/of.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

static const struct start_method *const methods[] = {&start_by_psci, &start_by_parking};

static const char *const state_names[CORE_STATUSES] = {
    [CORE_OFF] = "off",
    [CORE_ON] = "on",
    [CORE_PENDING] = "pending",
    [CORE_PARKED] = "parked",
};

// Whether Linux has it, or may bring it up: then its node is among the processors, and is not marked as
// one that failed.
static bool is_linuxs(u32 index)
{
    struct device_node *cpu;

    for_each_of_cpu_node (cpu) {
        int bytes;
        const __be32 *reg = of_get_property(cpu, "reg", &bytes);

        if (reg && of_read_number(reg, bytes / sizeof(*reg)) == index) {
            of_node_put(cpu);
            return true;
        }
    }
    return false;
}

static const struct start_method *method_of(struct device *device)
{
    const char *name;
    size_t i;

    if (of_property_read_string(device->of_node, "carillon,enable-method", &name))
        return NULL;
    for (i = 0; i < ARRAY_SIZE(methods); i++)
        if (!strcmp(methods[i]->name, name))
            return methods[i];
    return NULL;
}

int cores_find(struct device *device, struct cores *cores)
{
    u32 indices[CORES_MAX];
    int count = of_property_read_variable_u32_array(device->of_node, "carillon,cores", indices, 1,
                                                    CORES_MAX);
    int i;

    if (count < 0)
        return dev_err_probe(device, -EINVAL, "carillon,cores is not 1 to %d cores\n", CORES_MAX);
    for (i = 0; i < count; i++) {
        if (is_linuxs(indices[i]))
            return dev_err_probe(device, -EINVAL, "core %u is Linux's: its node is in /cpus\n",
                                 indices[i]);
        cores->core[i].index = indices[i];
    }
    cores->count = count;
    cores->method = method_of(device);
    if (!cores->method)
        return dev_err_probe(device, -EINVAL, "carillon,enable-method is not psci or parking\n");
    mutex_init(&cores->lock);
    return cores->method->find(device, cores);
}

static const struct core *core_of(const struct cores *cores, u32 index)
{
    unsigned int i;

    for (i = 0; i < cores->count; i++)
        if (cores->core[i].index == index)
            return &cores->core[i];
    return NULL;
}

static int parse(const char *text, u32 *index, u64 *address)
{
    char *copy = kstrdup(text, GFP_KERNEL);
    char *rest = copy ? strim(copy) : NULL;
    char *word = strsep(&rest, " ");
    int error = -EINVAL;

    if (!copy)
        return -ENOMEM;
    /* Both with 0x, or decimal. */
    if (word && rest && !kstrtou32(word, 0, index) && !kstrtou64(rest, 0, address))
        error = 0;
    kfree(copy);
    return error;
}

int cores_start_asked(struct cores *cores, const char *text)
{
    const struct core *core;
    u32 index;
    u64 address;
    int error = parse(text, &index, &address);

    if (error)
        return error;
    core = core_of(cores, index);
    if (!core || !memory_has_instruction(cores->firmware, address, cores->method->own_bytes))
        return -EINVAL;
    mutex_lock(&cores->lock);
    error = cores->method->state(cores, core);
    if (error == CORE_ON || error == CORE_PENDING)
        error = -EBUSY;
    if (error >= 0) {
        memory_clean(cores->firmware);
        error = cores->method->start(cores, core, address);
    }
    mutex_unlock(&cores->lock);
    return error;
}

ssize_t cores_print_states(struct cores *cores, char *text)
{
    ssize_t bytes = 0;
    unsigned int i;

    mutex_lock(&cores->lock);
    for (i = 0; i < cores->count; i++) {
        const struct core *core = &cores->core[i];
        int state = cores->method->state(cores, core);

        if (state < 0) {
            bytes = state;
            break;
        }
        bytes += sysfs_emit_at(text, bytes, "%u %s\n", core->index, state_names[state]);
    }
    mutex_unlock(&cores->lock);
    return bytes;
}
