// Where exceptions end up. Interrupts of EL1 are handled and everything else parks the core (fault_entry.S): there
// is no EL0, no SError that could be mended, and no FIQ in this port.

#define FRAME_BYTES 176

    .macro park_at, index
    .balign 0x80
    // Where fault_entry finds it: nothing runs at EL0, and nothing is thread-local.
    msr tpidr_el0, x0
    mov x0, #\index
    b fault_entry
    .endm

    .section .text.vectors, "ax"
    .balign 0x800
    .global vectors
vectors:
    // From EL1 with the stack of EL0, which nobody uses.
    park_at 0
    park_at 1
    park_at 2
    park_at 3
    // From EL1.
    park_at 4
    .balign 0x80
    b interrupt_entry
    park_at 6
    park_at 7
    // From EL0, in 64 and in 32 bits.
    park_at 8
    park_at 9
    park_at 10
    park_at 11
    park_at 12
    park_at 13
    park_at 14
    park_at 15

// Saves what a C function may change. ELR and SPSR stay as they are: no interrupt comes while one is
// handled. Nor are the registers of floating point saved: interrupt code is compiled without them.
interrupt_entry:
    sub sp, sp, #FRAME_BYTES
    stp x0, x1, [sp, #0]
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x29, [sp, #144]
    str x30, [sp, #160]
    bl interrupt_handle
    ldr x30, [sp, #160]
    ldp x18, x29, [sp, #144]
    ldp x16, x17, [sp, #128]
    ldp x14, x15, [sp, #112]
    ldp x12, x13, [sp, #96]
    ldp x10, x11, [sp, #80]
    ldp x8, x9, [sp, #64]
    ldp x6, x7, [sp, #48]
    ldp x4, x5, [sp, #32]
    ldp x2, x3, [sp, #16]
    ldp x0, x1, [sp, #0]
    add sp, sp, #FRAME_BYTES
    eret
