// What QEMU starts in front of Linux: it sends the firmware's cores to the places where they are parked,
// and goes on to Linux. On the board they wait in the boot loader's spin table until the driver asks for
// them; QEMU has the same table, but a core that waits in it takes a whole processor of the host's.
//
// It begins as Linux's Image does (Documentation/arm64/booting.rst), has 2 MiB, and Linux follows.

#include "port/pi-zero-2w/parking.h"

#define SPIN_TABLE 0xd8
#define LINUX_OFFSET 0x200000
#define MPIDR_AFF0 0xff

// In the BCM2836's registers, by core.
#define MAILBOX_CONTROL 0x50
#define MAILBOX_CLEAR 0xc0
#define MAILBOX_CLEAR_STRIDE 16

    .text
    .global _start
_start:
    b begin
    .balign 8
    .quad 0           // how far behind a multiple of 2 MiB it lies
    .quad IMAGE_BYTES // with all that Linux wants behind its own end
    .quad IMAGE_FLAGS
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .long 0

// Core 0, as Linux is started: x0 has the device tree's address.
begin:
    mov x20, x0
    mov x4, #CORE_FIRST
each:
    bl slot_of
    // What memory says may be from before a reset.
    str xzr, [x5, #PARKING_ENTRY]
    str xzr, [x5, #PARKING_STATE]
    dsb sy
    mov x6, #SPIN_TABLE
    adr x7, park
    str x7, [x6, x4, lsl #3]
    dsb sy
    sev
    // Linux will use the memory that this lies in.
1:  yield
    ldr x7, [x5, #PARKING_STATE]
    cbz x7, 1b
    add x4, x4, #1
    cmp x4, #(CORE_FIRST + CORES)
    b.lo each

    mov x0, x20
    mov x1, xzr
    mov x2, xzr
    mov x3, xzr
    adr x4, _start
    add x4, x4, #LINUX_OFFSET
    br x4

// Each of the others.
park:
    msr daifset, #0xf
    mrs x4, mpidr_el1
    and x4, x4, #MPIDR_AFF0
    bl slot_of
    ldr x6, =LOCAL_CONTROLLER
    add x7, x6, x4, lsl #2
    mov w8, #(1 << MAILBOX)
    str w8, [x7, #MAILBOX_CONTROL]
    mov x8, #MAILBOX_CLEAR_STRIDE
    madd x7, x4, x8, x6
    add x7, x7, #(MAILBOX_CLEAR + 4 * MAILBOX)
    str x7, [x5, #PARKING_MAILBOX_CLEAR]
    mov w8, #-1
    str w8, [x7]
    // What it does there is what the firmware's own does.
    add x6, x5, #PARKING_CODE
    adr x7, parking_code
    adr x8, parking_code_end
2:  ldr w9, [x7], #4
    str w9, [x6], #4
    cmp x7, x8
    b.lo 2b
    dsb sy
    ic iallu
    dsb sy
    isb
    mov x0, x5
    add x6, x5, #PARKING_CODE
    br x6

// The slot x5 of the core x4.
slot_of:
    ldr x5, =PARKING_PAGE
    add x5, x5, x4, lsl #8
    ret
    .if PARKING_SLOT_BYTES != 1 << 8
    .error "the stride of the slots"
    .endif
    .ltorg
