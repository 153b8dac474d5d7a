// SPDX-License-Identifier: MIT OR GPL-2.0
#include <linux/arm-smccc.h>
#include <linux/of.h>
#include <linux/string.h>
#include <uapi/linux/psci.h>

#include "cores.h"

/* What AFFINITY_INFO answers (DEN 0022). */
#define AFFINITY_ON 0
#define AFFINITY_OFF 1
#define AFFINITY_ON_PENDING 2

static const struct of_device_id psci_match[] = {
    {.compatible = "arm,psci-0.2"},
    {.compatible = "arm,psci-1.0"},
    {},
};

/*
 * By the device tree's own word and not by arm_smccc_1_1_invoke, which refuses where the firmware is
 * older than version 1.1 of the calling convention, as QEMU's is.
 */
static long call(const struct cores *cores, unsigned long function, unsigned long first,
                 unsigned long second)
{
    struct arm_smccc_res result;

    if (cores->by_smc)
        arm_smccc_smc(function, first, second, 0, 0, 0, 0, 0, &result);
    else
        arm_smccc_hvc(function, first, second, 0, 0, 0, 0, 0, &result);
    /* PSCI's results have 32 bits. */
    return (int)result.a0;
}

static int find(struct device *device, struct cores *cores)
{
    struct device_node *node = of_find_matching_node(NULL, psci_match);
    const char *method;
    int error = of_property_read_string(node, "method", &method);

    of_node_put(node);
    if (error || (strcmp(method, "hvc") && strcmp(method, "smc")))
        return dev_err_probe(device, -EINVAL, "no PSCI 0.2 by hvc or smc\n");
    cores->by_smc = !strcmp(method, "smc");
    return 0;
}

static int start(const struct cores *cores, const struct core *core, phys_addr_t entry)
{
    switch (call(cores, PSCI_0_2_FN64_CPU_ON, core->index, entry)) {
    case PSCI_RET_SUCCESS:
        return 0;
    case PSCI_RET_ALREADY_ON:
    case PSCI_RET_ON_PENDING:
        return -EBUSY;
    case PSCI_RET_INVALID_PARAMS:
    case PSCI_RET_INVALID_ADDRESS:
        return -EINVAL;
    case PSCI_RET_DENIED:
        return -EPERM;
    default:
        return -EIO;
    }
}

static int state(const struct cores *cores, const struct core *core)
{
    switch (call(cores, PSCI_0_2_FN64_AFFINITY_INFO, core->index, 0)) {
    case AFFINITY_ON:
        return CORE_ON;
    case AFFINITY_OFF:
        return CORE_OFF;
    case AFFINITY_ON_PENDING:
        return CORE_PENDING;
    default:
        return -EIO;
    }
}

const struct start_method start_by_psci = {
    .name = "psci",
    .find = find,
    .start = start,
    .state = state,
};
