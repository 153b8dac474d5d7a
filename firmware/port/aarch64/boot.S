// Where each core begins, at EL1 or EL2, with the MMU and the caches off: the first time, and each time
// after it was turned off. Where the machine is the firmware's alone, core 0 is the first; beside Linux
// any may be, and each of them needs nothing of the others. Ends in core_main, at EL1, with a stack and the MMU and the caches on.
//
// x19 keeps the index of the core, x20 whether it was entered at EL2.

#include "machine.h"
#include "port/aarch64/mmu.h"

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
#define LINE_BYTES 64                  // of every cache of a Cortex-A53

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
    sub x19, x19, #CORE_FIRST

#if CORE_FIRST == 0
    // The machine is the firmware's alone, and this core the first: nobody has cached any of it. Where
    // Linux has a core, it has zeroed this with the rest.
    cbnz x19, own_memory
    adrp x0, bss_start
    add x0, x0, :lo12:bss_start
    adrp x1, bss_end
    add x1, x1, :lo12:bss_end
    bl fill
own_memory:
#endif
    // This core's tables and its stack, which it writes with its caches off. Nobody else writes either;
    // but a cache may hold what they were before the core was last turned off, and would write it over
    // what follows.
    adrp x21, page_tables_start
    ldr x1, =MMU_CORE_BYTES
    madd x21, x19, x1, x21
    add x22, x21, x1
    mov x0, x21
    mov x1, x22
    bl forget
    adrp x23, stacks_start
    add x23, x23, :lo12:stacks_start
    ldr x1, =STACK_STRIDE
    madd x23, x19, x1, x23
    add x24, x23, x1
    mov x0, x23
    mov x1, x24
    bl forget

    mov x0, x21
    mov x1, x22
    bl fill
    // The stack grows down from its end.
    mov sp, x24
    mov x0, x19
    bl mmu_build
    // The tables are in memory before any core walks them; what another core has read of them ahead of
    // time is not found in their place.
    dsb sy
    mov x0, x21
    mov x1, x22
    bl forget

    ldr x0, =mmu_mair
    ldr x0, [x0]
    msr mair_el1, x0
    ldr x0, =mmu_tcr
    ldr x0, [x0]
    msr tcr_el1, x0
    msr ttbr0_el1, x21 // the root is the first of the tables
    // Nothing from before this start is found in place of the tables, or of the code.
    tlbi vmalle1
    ic iallu
    dsb nsh
    isb
    ldr x0, =(SCTLR_RES1 | SCTLR_ON)
    msr sctlr_el1, x0
    // From the next instruction on.
    isb

    // Nothing of what is on the stack is used any more.
    mov w0, w19
    bl stack_prepare
    mov x0, x19
    mov x1, x20
    bl core_main
    b .

// Stores zeros from x0 to x1, both multiples of 16.
fill:
    cmp x0, x1
    b.hs 1f
    stp xzr, xzr, [x0], #16
    b fill
1:  ret

// Takes what is cached from x0 to x1, both multiples of a line, out of all caches, without writing it.
forget:
    dc ivac, x0
    add x0, x0, #LINE_BYTES
    cmp x0, x1
    b.lo forget
    dsb sy
    ret

    .ltorg

    // The host writes it into the image that it loads (boot_parameters.h).
    .section .boot_parameters, "a"
    .balign 16
    .global boot_parameters
    .type boot_parameters, %object
    .size boot_parameters, 40
boot_parameters:
    .space 40
