// Where QEMU's board `virt` has what this port uses, and the numbers of its interrupts.
#ifndef CARILLON_VIRT_MACHINE_H
#define CARILLON_VIRT_MACHINE_H

#include "carillon/shared_mem.h"

#define VIRT_CORES CARILLON_CORES_MAX

#define PAGE_BYTES 0x1000u

#define GIC_DISTRIBUTOR 0x08000000u
#define GIC_CPU_INTERFACE 0x08010000u
#define UART 0x09000000u

// The memory begins here with the device tree, which is not used. The image is 2 MiB further on.
#define RAM 0x40000000u
// The region may lie anywhere up to here.
#define RAM_END 0x80000000u

// One core wakes another for a bell that it has heard.
#define INTERRUPT_BELL 0u // software-generated
// The virtual timer of each core.
#define INTERRUPT_TIMER 27u // private
#define INTERRUPT_UART 33u  // shared

#endif
