// Where QEMU's board `virt` has what this port uses.
#ifndef CARILLON_VIRT_MACHINE_H
#define CARILLON_VIRT_MACHINE_H

#include "carillon/shared_mem.h"

#define CORES CARILLON_CORES_MAX

#define GIC_DISTRIBUTOR 0x08000000u
#define GIC_CPU_INTERFACE 0x08010000u
#define UART 0x09000000u

// The region may lie anywhere up to here. The memory begins at 0x40000000 with the device tree, which
// is not used; the image is 2 MiB further on.
#define RAM_END 0x80000000u

// One each for the GiB of the devices and of the memory, the pages of the interrupt controller, of the
// UART and of the image, and the last pages of the region.
#define MMU_TABLES 6u

#endif
