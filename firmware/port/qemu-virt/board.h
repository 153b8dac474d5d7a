// Generated from boards/qemu-virt/board.json. Do not edit.
// QEMU's board virt with four Cortex-A53.
#ifndef CARILLON_BOARD_QEMU_VIRT_H
#define CARILLON_BOARD_QEMU_VIRT_H

#define BOARD_CORE_FIRST 1
#define BOARD_CORES 3
#define BOARD_FIRMWARE 0x78000000u
#define BOARD_FIRMWARE_END 0x79000000u
#define BOARD_REGION 0x79000000u
#define BOARD_REGION_END 0x7a000000u
#define BOARD_GIC_DISTRIBUTOR 0x08000000u
#define BOARD_GIC_CPU_INTERFACE 0x08010000u
#define BOARD_BELL_TO_CORE 8
#define BOARD_BELL_TO_LINUX 132

#endif
