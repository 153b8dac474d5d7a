#include "machine.h"
#include "port/aarch64/mmu.h"

#define PAGE_OF(address) ((address) & ~0xfffu)

// For reading and writing, never for executing.
const struct mmu_device mmu_devices[] = {
    {PAGE_OF(INTERRUPT_CONTROLLER), PAGE_OF(INTERRUPT_CONTROLLER)},
    {POWER_MANAGEMENT, POWER_MANAGEMENT},
    {UART, UART},
    {LOCAL_CONTROLLER, LOCAL_CONTROLLER},
    // Memory, but uncached like a device: the cores that wait there have their caches off.
    {SPIN_TABLE_PAGE, 0},
};
const uint32_t mmu_device_count = sizeof mmu_devices / sizeof mmu_devices[0];
