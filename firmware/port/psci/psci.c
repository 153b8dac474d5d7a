#include "port/psci/psci.h"

// Function numbers of PSCI 0.2 (DEN 0022).
#define CPU_OFF 0x84000002u
#define CPU_ON_64 0xc4000003u
#define SYSTEM_OFF 0x84000008u

static bool by_smc;

// Results and what the call may change are x0 to x3, and x4 to x17 by its convention (DEN 0028).
#define CALL(instruction)                                                                          \
    __asm__ volatile(instruction                                                                   \
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)                                      \
                     :                                                                             \
                     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",      \
                       "x15", "x16", "x17", "memory")

static int64_t call(uint64_t function, uint64_t first, uint64_t second)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = first;
    register uint64_t x2 __asm__("x2") = second;
    register uint64_t x3 __asm__("x3") = 0;
    if (by_smc) {
        CALL("smc #0");
    } else {
        CALL("hvc #0");
    }
    return (int64_t)x0;
}

void psci_start(bool entered_at_el2)
{
    by_smc = entered_at_el2;
}

bool psci_core_on(uint32_t core, void (*entry)(void))
{
    // What was written for it is in memory before it starts: its caches are off at first.
    __asm__ volatile("dsb sy" ::: "memory");
    return call(CPU_ON_64, core, (uint64_t)(uintptr_t)entry) == 0;
}

void psci_core_off(void)
{
    call(CPU_OFF, 0, 0);
}

void psci_machine_off(void)
{
    call(SYSTEM_OFF, 0, 0);
}
