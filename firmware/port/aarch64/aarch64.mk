# Any machine with AArch64 cores and no operating system: what its port.mk includes.
#
# gcc-aarch64-linux-gnu compiles for it and picolibc-aarch64-linux-gnu has its libm:
# another toolchain with picolibc is named by CROSS_COMPILE.
CROSS_COMPILE ?= aarch64-linux-gnu-
override CC := $(CROSS_COMPILE)gcc
PROGRAM := carillon-core.elf

# What all of them share, what the machine has of what several have (PORT_PARTS, set before this is
# included), and what it has of its own: machine.h is the machine's. The headers and libraries of
# picolibc stand in for those of Linux.
PORT_FOLDERS := port/aarch64 $(PORT_PARTS) port/$(PORT)
PORT_CPPFLAGS := --specs=picolibc.specs -Iport/$(PORT)
# No call into a library for atomics, which would look for a better instruction first. Nothing
# unaligned by the compiler's own doing: before the MMU is on all memory is a device's, and a loop
# must not become a call of memset for the same reason. No frame that could reach over the guard page
# below a stack.
PORT_CFLAGS := -mcpu=cortex-a53 -mno-outline-atomics -mstrict-align -ffreestanding \
               -fno-tree-loop-distribute-patterns -fno-math-errno -fno-pic -no-pie \
               -fno-stack-protector -fno-asynchronous-unwind-tables -gdwarf-4 \
              -Wframe-larger-than=2048
# What a linker adds that the script does not place is an error.
PORT_LINKER_SCRIPTS := $(firstword $(wildcard port/$(PORT)/machine.ld port/$(PORT)/board.ld)) \
                       port/aarch64/image.ld
override LDFLAGS += -nostartfiles -static -T $(firstword $(PORT_LINKER_SCRIPTS)) -Wl,--orphan-handling=error \
           -Wl,--gc-sections,--build-id=none,-z,noexecstack,-z,max-page-size=4096,--fatal-warnings
PORT_LIBS := -lm

# Interrupts do not save the registers of floating point, and what runs before the MMU is on may
# not use them for memory: nothing of the port does.
$(BUILD)/port/%.o: override CFLAGS += -mgeneral-regs-only
