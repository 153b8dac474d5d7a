# Cores of QEMU's board `virt` whose first is Linux's: boards/qemu-virt.
BOARD_PARTS := port/gic port/psci
include port/beside_linux/beside_linux.mk
