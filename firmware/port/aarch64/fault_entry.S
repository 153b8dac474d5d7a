// Where an exception that parks a core begins: saves what the core was doing and calls fault_handle on
// a stack of its own, because the core's stack may be what the fault is about.
#include "machine.h"
#include "port/aarch64/fault_frame.h"

    .section .text.vectors, "ax"
    .global fault_entry
// x0 is the index of the vector; what it was is in TPIDR_EL0.
fault_entry:
    msr tpidrro_el0, x1
    // This core's page of fault_pages, which has one for each of the firmware's cores. One register is
    // left for it: the core's number goes above the vector's, and comes with it where it is added; what
    // that leaves in the low bits is cut off.
    mrs x1, mpidr_el1
    and x1, x1, #0xff
    orr x0, x0, x1, lsl #8
    adrp x1, fault_pages - (CORE_FIRST << FAULT_PAGE_SHIFT)
    add x1, x1, x0, lsl #(FAULT_PAGE_SHIFT - 8)
    and x1, x1, #~(FAULT_PAGE_BYTES - 1)
    and x0, x0, #0xff

    stp x2, x3, [x1, #16]
    stp x4, x5, [x1, #32]
    stp x6, x7, [x1, #48]
    stp x8, x9, [x1, #64]
    stp x10, x11, [x1, #80]
    stp x12, x13, [x1, #96]
    stp x14, x15, [x1, #112]
    stp x16, x17, [x1, #128]
    stp x18, x19, [x1, #144]
    stp x20, x21, [x1, #160]
    stp x22, x23, [x1, #176]
    stp x24, x25, [x1, #192]
    stp x26, x27, [x1, #208]
    stp x28, x29, [x1, #224]
    mrs x2, tpidr_el0
    mrs x3, tpidrro_el0
    stp x2, x3, [x1, #0]
    mov x2, sp
    stp x30, x2, [x1, #FAULT_FRAME_X30]
    // The stack begins at the end of the page and grows down towards the frame.
    add sp, x1, #FAULT_PAGE_BYTES
    bl fault_handle
    b .
