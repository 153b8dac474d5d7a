# Cores of the Raspberry Pi Zero 2 W whose first is Linux's: boards/pi-zero-2w.
BOARD_PARTS := port/bcm2836
include port/beside_linux/beside_linux.mk
