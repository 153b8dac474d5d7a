#include "port/aarch64/restart.h"

#include <stdbool.h>

#include "core/atomic.h"
#include "machine.h"
#include "port/aarch64/boot_parameters.h"
#include "port/aarch64/cpu.h"
#include "port/aarch64/fault.h"
#include "port/aarch64/interrupt.h"
#include "port/aarch64/life.h"

#define RUN_BIT 1u

// Touched by its own core only, with interrupts masked: no ordering between cores is needed.
static uint32_t seen[CORES];
static bool parked[CORES];

static struct carillon_shared_mem *shared(void)
{
    return (struct carillon_shared_mem *)(uintptr_t)boot_parameters.region;
}

static uint32_t asked(uint32_t core)
{
    // Acquire: what the host did before it asked.
    return load_acquire(&shared()->control[core].run);
}

void restart_begin(uint32_t core)
{
    seen[core] = asked(core);
    parked[core] = false;
}

static _Noreturn void take_down(uint32_t core)
{
    struct carillon_core_status *status = &shared()->status[core];
    life_leave(core);
    // Relaxed: the link publishes it.
    store_relaxed(&status->state, CARILLON_CORE_STOPPED);
    // Release, and last: nothing of the shared region is touched after this.
    store_release(&status->link, 0);
    core_park();
}

void restart_follow(uint32_t core)
{
    uint32_t run = asked(core);
    if (run == seen[core]) {
        return;
    }
    seen[core] = run;
    if ((run & RUN_BIT) != 0) {
        restart_core(core);
    }
    // 0 is what a host writes that makes the region anew.
    if (run != 0 && !parked[core]) {
        take_down(core);
    }
}

_Noreturn void restart_wait(uint32_t core)
{
    parked[core] = true;
    for (;;) {
        restart_follow(core);
        cpu_wait_for_interrupt();
        // What is pending woke it though interrupts are masked. This passes on the host's bells too
        // where no core runs.
        interrupt_handle();
    }
}
