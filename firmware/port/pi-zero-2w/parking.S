// How a core gets to its slot, and what it does there.

#include "port/pi-zero-2w/parking.h"

#define SCTLR_RES1 0x30d00800 // MMU and caches off, little-endian: as in boot.S

    .section .text.parking, "ax"
    .global parking_enter
    .type parking_enter, %function
// _Noreturn void parking_enter(struct parking_slot *x0). This code is mapped where it lies, so that it
// goes on behind the instruction that turns the MMU off. What this core's cache holds of others' memory
// stays coherent: the caches of a cluster are asked for it, whether their core has them on or not.
parking_enter:
    ldr x1, =SCTLR_RES1
    add x2, x0, #PARKING_CODE
    dsb sy
    msr sctlr_el1, x1
    isb
    // The slot's code was written as data.
    ic iallu
    dsb sy
    isb
    br x2
    .ltorg

// Copied into the slot: x0 is the slot, and there is no stack. WFI and not WFE, which QEMU does by
// looking all the time: what is in the mailbox ends it, though interrupts are masked.
    .balign 8
    .global parking_code, parking_code_end
parking_code:
    ldr x1, [x0, #PARKING_MAILBOX_CLEAR]
    mov w3, #-1
    movz w4, #(PARKING_PARKED & 0xffff)
    movk w4, #(PARKING_PARKED >> 16), lsl #16
    str x4, [x0, #PARKING_STATE]
    dsb sy
1:  wfi
    // Before the look: what comes after it ends the next sleep.
    str w3, [x1]
    dsb sy
    ldr x2, [x0, #PARKING_ENTRY]
    cbz x2, 1b
    // In this order: who sees it wait and no entry may give it one.
    str xzr, [x0, #PARKING_STATE]
    dsb sy
    str xzr, [x0, #PARKING_ENTRY]
    dsb sy
    ic iallu
    dsb sy
    isb
    br x2
parking_code_end:
    .if (parking_code_end - parking_code) > PARKING_CODE_BYTES
    .error "the code of a slot does not fit"
    .endif
