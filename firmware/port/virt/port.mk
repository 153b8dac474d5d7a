# QEMU's board `virt`: four Cortex-A53 without an operating system, AArch64.
include port/aarch64/aarch64.mk
