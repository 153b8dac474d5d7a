// Generated from boards/pi-zero-2w/board.json. Do not edit.
// Raspberry Pi Zero 2 W, or QEMU's board raspi3b with its device tree.
#ifndef CARILLON_BOARD_PI_ZERO_2W_H
#define CARILLON_BOARD_PI_ZERO_2W_H

#define BOARD_CORE_FIRST 1
#define BOARD_CORES 3
#define BOARD_FIRMWARE 0x18000000u
#define BOARD_FIRMWARE_END 0x19000000u
#define BOARD_REGION 0x19000000u
#define BOARD_REGION_END 0x1a000000u
#define BOARD_PARKING_PAGE 0x18fff000u
#define BOARD_LOCAL_CONTROLLER 0x40000000u
#define BOARD_BELL_TO_CORE 0
#define BOARD_BELL_TO_LINUX 1
#define BOARD_SYSTEM_TIMER 0x3f003000u

#endif
