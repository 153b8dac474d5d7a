// What ports need to know of a machine that is Linux's too: all of it is in the board's description.
#ifndef CARILLON_BESIDE_LINUX_MACHINE_H
#define CARILLON_BESIDE_LINUX_MACHINE_H

#include "board.h"

// What of it assembly understands.
#define CORE_FIRST BOARD_CORE_FIRST

// At most one each for two GiB of memory and one of registers; for two pages of registers, the parking
// page and those of the image; and for the last pages of the region.
#define MMU_TABLES 8

#ifndef __ASSEMBLER__

#define CORES BOARD_CORES

// Whichever of them the board has.
#define GIC_DISTRIBUTOR BOARD_GIC_DISTRIBUTOR
#define GIC_CPU_INTERFACE BOARD_GIC_CPU_INTERFACE
#define LOCAL_CONTROLLER BOARD_LOCAL_CONTROLLER

// What Linux rings a core with: a software-generated interrupt, or one of its mailboxes.
#define INTERRUPT_BELL BOARD_BELL_TO_CORE
#define BELL_MAILBOX BOARD_BELL_TO_CORE

// Where the region may lie. All else that is not the firmware's is Linux's.
#define REGION_START BOARD_REGION
#define REGION_END BOARD_REGION_END

#endif

#endif
