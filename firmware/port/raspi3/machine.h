// Where the BCM2837 has what this port uses: the chip of the Raspberry Pi 3, and in another package of
// the Zero 2 W. QEMU's board `raspi3b` has it. Addresses are those of the cores, which the peripherals'
// manual (BCM2835 ARM Peripherals) gives as 0x7e…… in place of 0x3f…….
#ifndef CARILLON_RASPI3_MACHINE_H
#define CARILLON_RASPI3_MACHINE_H

// What of it assembly understands.
#define CORE_FIRST 0 // of the processor's cores, the first that is the firmware's

// One each for the GiB of the memory and of the local controller; for the pages of the interrupt
// controller and of power management, of the UART, of the local controller and of the image; and for
// the last pages of the region.
#define MMU_TABLES 7

#ifndef __ASSEMBLER__

#include "carillon/shared_mem.h"

#define CORES CARILLON_CORES_MAX

// One core wakes another for a bell that it has heard.
#define BELL_MAILBOX 0u    // of the four of each core
#define INTERRUPT_UART 57u // of the peripherals

#define INTERRUPT_CONTROLLER 0x3f00b200u
#define POWER_MANAGEMENT 0x3f100000u
#define UART 0x3f201000u
// Of the cores themselves: BCM2836 ARM-local peripherals.
#define LOCAL_CONTROLLER 0x40000000u

// The page where the other cores wait, which begins at address 0, is mapped here: address 0 stays
// unmapped, so that a null pointer faults. Nothing is at this address physically.
#define SPIN_TABLE_PAGE 0x40100000u

// Where the region may lie: anywhere behind the image. The last 64 MiB before the peripherals are the
// graphics processor's.
#define REGION_START 0x80000u
#define REGION_END 0x3c000000u

#endif

#endif
