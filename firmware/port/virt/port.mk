# QEMU's board `virt`: four Cortex-A53 without an operating system, AArch64.
PORT_PARTS := port/alone port/gic port/psci
include port/aarch64/aarch64.mk
