# QEMU's board `virt`: four Cortex-A53 without an operating system, AArch64.
#
# gcc-aarch64-linux-gnu compiles for it and picolibc-aarch64-linux-gnu has its libm:
# another toolchain with picolibc is named by CROSS_COMPILE.
CROSS_COMPILE ?= aarch64-linux-gnu-
override CC := $(CROSS_COMPILE)gcc
PROGRAM := carillon-core.elf

# The headers and libraries of picolibc in place of those of Linux.
PORT_CPPFLAGS := --specs=picolibc.specs
# No call into a library for atomics, which would look for a better instruction first. Nothing
# unaligned by the compiler's own doing: before the MMU is on all memory is a device's, and a loop
# must not become a call of memset for the same reason.
PORT_CFLAGS := -mcpu=cortex-a53 -mno-outline-atomics -mstrict-align -ffreestanding \
               -fno-tree-loop-distribute-patterns -fno-math-errno -fno-pic -no-pie \
               -fno-stack-protector -fno-asynchronous-unwind-tables -gdwarf-4
# What a linker adds that the script does not place is an error.
PORT_LINKER_SCRIPT := port/virt/virt.ld
override LDFLAGS += -nostartfiles -static -T $(PORT_LINKER_SCRIPT) -Wl,--orphan-handling=error \
           -Wl,--gc-sections,--build-id=none,-z,noexecstack,-z,max-page-size=4096,--fatal-warnings
PORT_LIBS := -lm

# Interrupts do not save the registers of floating point, and what runs before the MMU is on may
# not use them for memory: nothing of the port does.
$(BUILD)/port/virt/%.o: override CFLAGS += -mgeneral-regs-only
