#include "machine.h"
#include "port/aarch64/mmu.h"

// For reading and writing, never for executing.
const struct mmu_device mmu_devices[] = {
    {LOCAL_CONTROLLER, LOCAL_CONTROLLER},
    {BOARD_SYSTEM_TIMER, BOARD_SYSTEM_TIMER},
    // Memory, but uncached like a device: a core that waits there has its caches off.
    {BOARD_PARKING_PAGE, BOARD_PARKING_PAGE},
};
const uint32_t mmu_device_count = sizeof mmu_devices / sizeof mmu_devices[0];
