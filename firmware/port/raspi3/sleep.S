// Where a core goes that is not used, as it was started: at EL2, with the MMU and the caches off and
// interrupts masked. Nothing is let through to it. In the spin table it would wait for an event, which
// QEMU does by looking all the time.

    .section .text.core_sleep, "ax"
    .global core_sleep
    .type core_sleep, %function
core_sleep:
    wfi
    b core_sleep
