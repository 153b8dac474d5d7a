# QEMU's board `raspi3b`: the four Cortex-A53 of the Raspberry Pi 3 and the Zero 2 W without an
# operating system, AArch64.
PORT_PARTS := port/alone port/bcm2836
include port/aarch64/aarch64.mk
