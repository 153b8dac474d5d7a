// The memory as the cores see it.
#ifndef CARILLON_AARCH64_MMU_H
#define CARILLON_AARCH64_MMU_H

#include "machine.h"

// Of a core's page tables: the root, and the others.
#define MMU_CORE_BYTES ((MMU_TABLES + 1) * 0x1000)

#ifndef __ASSEMBLER__

#include <stdint.h>

// Writes the page tables of this core, which are all zeros. With its MMU and its caches off: touches
// nothing else that another core may write.
void mmu_build(uint32_t core);

// A page of registers. Its address is the physical one wherever it can be.
struct mmu_device {
    uint64_t at;
    uint64_t physical;
};

// Those of the machine: devices.c of its port.
extern const struct mmu_device mmu_devices[];
extern const uint32_t mmu_device_count;

// What boot.S puts into MAIR_EL1 and TCR_EL1.
extern const uint64_t mmu_mair;
extern const uint64_t mmu_tcr;

#endif

#endif
