/* SPDX-License-Identifier: MIT OR GPL-2.0 */
#ifndef CARILLON_CORES_H
#define CARILLON_CORES_H

#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "memory.h"

/* As many as a region has at most. */
#define CORES_MAX 4

struct core {
    /* How people and the device tree count it: its affinity in MPIDR_EL1. */
    u32 index;
    /* Where it waits for an address from power-on, mapped; NULL where PSCI starts it. */
    u64 *release;
};

struct cores;

/* What is known of a core from outside. */
enum core_status { CORE_OFF, CORE_ON, CORE_PENDING, CORE_PARKED, CORE_STATUSES };

/* How a machine starts cores. */
struct start_method {
    /* As the device tree calls it. */
    const char *name;
    /* Bytes at the end of the firmware's memory that are its own: nothing is started there. */
    size_t own_bytes;
    /* Finds what it needs there. 0, or an error that it has told. */
    int (*find)(struct device *device, struct cores *cores);
    /* 0, or an error: -EBUSY where the core runs. */
    int (*start)(const struct cores *cores, const struct core *core, phys_addr_t entry);
    /* A core_status, or an error. */
    int (*state)(const struct cores *cores, const struct core *core);
};

extern const struct start_method start_by_psci;
extern const struct start_method start_by_parking;

/* The cores that are not Linux's. */
struct cores {
    struct core core[CORES_MAX];
    unsigned int count;
    const struct start_method *method;
    /* What they run. */
    const struct memory *firmware;
    /* The page of registers that rings them, mapped. */
    void __iomem *doorbells;
    /* PSCI is called by SMC, else by HVC. */
    bool by_smc;
    /* One start at a time. */
    struct mutex lock;
};

/*
 * Reads them from the device tree; `firmware` and `doorbells` are set before. -EINVAL where one of them is
 * Linux's.
 */
int cores_find(struct device *device, struct cores *cores);

/*
 * Does what was written to start_core: `INDEX ADDRESS`. -EINVAL where the text is not that, there is
 * no such core, or the address is not the firmware's; -EBUSY where the core is not at rest.
 */
int cores_start_asked(struct cores *cores, const char *text);

/* Prints a line a core, and returns how many bytes that are. */
ssize_t cores_print_states(struct cores *cores, char *text);

#endif
