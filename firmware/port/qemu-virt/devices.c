#include "machine.h"
#include "port/aarch64/mmu.h"

// For reading and writing, never for executing. Of the distributor, which is Linux's, the firmware
// writes what is each core's own, and makes the bell pending.
const struct mmu_device mmu_devices[] = {
    {GIC_DISTRIBUTOR, GIC_DISTRIBUTOR},
    {GIC_CPU_INTERFACE, GIC_CPU_INTERFACE},
};
const uint32_t mmu_device_count = sizeof mmu_devices / sizeof mmu_devices[0];
