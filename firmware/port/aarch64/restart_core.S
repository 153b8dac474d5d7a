// _Noreturn void restart_core(uint32_t w0): begins anew with this core's stack as boot.S leaves it. The
// MMU, the caches and the vectors are on, and stay so.

#include "port/aarch64/stack_paint.h"

#define FPCR_FZ (1 << 24) // as in boot.S

    .section .text.restart, "ax"
    .global restart_core
    .type restart_core, %function
restart_core:
    msr daifset, #0xf
    mov w0, w0
    bl stack_prepare
    mov x2, #FPCR_FZ
    msr fpcr, x2
    mov x29, #0
    mov x30, #0
    b core_begin

// Paints the stack of the core w0, and makes it this core's, from its end on. For code that keeps
// nothing on it. Keeps x0.
    .global stack_prepare
stack_prepare:
    adrp x1, stacks_start
    add x1, x1, :lo12:stacks_start
    ldr x2, =STACK_STRIDE
    mov w4, w0
    madd x1, x4, x2, x1
    add x3, x1, x2
    ldr x2, =STACK_GUARD_BYTES
    add x1, x1, x2
    ldr x2, =STACK_PAINT
1:  stp x2, x2, [x1], #16
    cmp x1, x3
    b.lo 1b
    mov sp, x3
    ret
    .ltorg
