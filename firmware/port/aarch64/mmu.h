// The memory as the cores see it.
#ifndef CARILLON_AARCH64_MMU_H
#define CARILLON_AARCH64_MMU_H

#include <stdint.h>

// Writes the page tables. For core 0, before any core has its MMU on; the tables are all zeros.
void mmu_build(void);

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
