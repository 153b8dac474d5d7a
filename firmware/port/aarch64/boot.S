// Where each core begins, at EL1 or EL2, with the MMU and the caches off: core 0 by the machine,
// the others by PSCI. Ends in core_main, at EL1, with a stack and the MMU and the caches on.
//
// x19 keeps the index of the core, x20 whether it was entered at EL2.

#include "port/aarch64/stack_paint.h"

#define CURRENT_EL2 (2 << 2)
#define SPSR_EL1H_MASKED 0x3c5         // EL1 with its own stack pointer, D, A, I and F masked
#define HCR_RW (1 << 31)               // EL1 is AArch64
#define CNTHCTL_EL1_MAY 3              // EL1 reads the counter and uses its timers
#define CPTR_NO_TRAPS 0x33ff           // its RES1 bits
#define SCTLR_RES1 0x30d00800          // MMU and caches off, little-endian
#define SCTLR_ON 0x00081005            // M, C, I, and WXN: what can be written is not executed
#define CPACR_FPEN (3 << 20)           // no trap for floating point and NEON
#define FPCR_FZ (1 << 24)              // subnormals are zero, as in the hosted port
#define MPIDR_AFF0 0xff

    .section .text.boot, "ax"
    .global boot_entry
boot_entry:
    msr daifset, #0xf
    mov x20, #0
    mrs x0, CurrentEL
    cmp x0, #CURRENT_EL2
    b.ne at_el1

    mov x20, #1
    mov x0, #HCR_RW
    msr hcr_el2, x0
    mov x0, #CNTHCTL_EL1_MAY
    msr cnthctl_el2, x0
    msr cntvoff_el2, xzr
    mov x0, #CPTR_NO_TRAPS
    msr cptr_el2, x0
    msr hstr_el2, xzr
    // EL1 reads these in place of the real ones.
    mrs x0, midr_el1
    msr vpidr_el2, x0
    mrs x0, mpidr_el1
    msr vmpidr_el2, x0
    ldr x0, =SCTLR_RES1
    msr sctlr_el1, x0
    mov x0, #SPSR_EL1H_MASKED
    msr spsr_el2, x0
    adr x0, at_el1
    msr elr_el2, x0
    eret

at_el1:
    ldr x0, =SCTLR_RES1
    msr sctlr_el1, x0
    adrp x0, vectors
    add x0, x0, :lo12:vectors
    msr vbar_el1, x0
    mov x0, #CPACR_FPEN
    msr cpacr_el1, x0
    isb
    mov x0, #FPCR_FZ
    msr fpcr, x0
    mrs x19, mpidr_el1
    and x19, x19, #MPIDR_AFF0

    // The stack grows down from the end of this core's.
    adrp x0, stacks_start
    add x0, x0, :lo12:stacks_start
    ldr x1, =STACK_STRIDE
    madd x0, x19, x1, x0
    add x0, x0, x1
    mov sp, x0

    cbnz x19, mmu_on

    // Core 0 prepares the memory for all of them. It does so while nobody has cached any of it, and
    // the others write nothing before their caches are on: so no cache has an older value.
    adrp x0, bss_start
    add x0, x0, :lo12:bss_start
    adrp x1, bss_end
    add x1, x1, :lo12:bss_end
    mov x2, #0
    bl fill
    adrp x0, page_tables_start
    adrp x1, page_tables_end
    bl fill
    adrp x0, stacks_start
    adrp x1, stacks_end
    ldr x2, =STACK_PAINT
    bl fill
    bl mmu_build
    // The tables are in memory before any core walks them.
    dsb sy

mmu_on:
    ldr x0, =mmu_mair
    ldr x0, [x0]
    msr mair_el1, x0
    ldr x0, =mmu_tcr
    ldr x0, [x0]
    msr tcr_el1, x0
    adrp x0, mmu_root
    add x0, x0, :lo12:mmu_root
    msr ttbr0_el1, x0
    // Nothing from before this start is found in place of the tables, or of the code.
    tlbi vmalle1
    ic iallu
    dsb nsh
    isb
    ldr x0, =(SCTLR_RES1 | SCTLR_ON)
    msr sctlr_el1, x0
    // From the next instruction on.
    isb

    mov x0, x19
    mov x1, x20
    bl core_main
    b .

// Stores x2 from x0 to x1, both multiples of 16.
fill:
    cmp x0, x1
    b.hs 1f
    stp x2, x2, [x0], #16
    b fill
1:  ret

    .ltorg

    // The host writes it into the image that it loads (boot_parameters.h).
    .section .boot_parameters, "a"
    .balign 16
    .global boot_parameters
    .type boot_parameters, %object
    .size boot_parameters, 24
boot_parameters:
    .space 24
