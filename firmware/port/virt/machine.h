// Where QEMU's board `virt` has what this port uses.
#ifndef CARILLON_VIRT_MACHINE_H
#define CARILLON_VIRT_MACHINE_H

// What of it assembly understands.
#define CORE_FIRST 0 // of the processor's cores, the first that is the firmware's

// One each for the GiB of the devices and of the memory, the pages of the interrupt controller, of the
// UART and of the image, and the last pages of the region.
#define MMU_TABLES 6

#ifndef __ASSEMBLER__

#include "carillon/shared_mem.h"

#define CORES CARILLON_CORES_MAX

// One core wakes another for a bell that it has heard.
#define INTERRUPT_BELL 0u  // software-generated
#define INTERRUPT_UART 33u // shared

#define GIC_DISTRIBUTOR 0x08000000u
#define GIC_CPU_INTERFACE 0x08010000u
#define UART 0x09000000u

// Where the region may lie: anywhere behind the image. The memory begins at 0x40000000 with the device
// tree, which is not used; the image is 2 MiB further on.
#define REGION_START 0x40000000u
#define REGION_END 0x80000000u

#endif

#endif
