// The memory as the cores see it.
#ifndef CARILLON_VIRT_MMU_H
#define CARILLON_VIRT_MMU_H

#include <stdint.h>

// Writes the page tables. For core 0, before any core has its MMU on; the tables are all zeros.
void mmu_build(void);

// What boot.S puts into MAIR_EL1 and TCR_EL1.
extern const uint64_t mmu_mair;
extern const uint64_t mmu_tcr;

#endif
