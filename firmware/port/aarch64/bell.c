#include "port/aarch64/bell.h"

#include "machine.h"
#include "port/aarch64/doorbell.h"
#include "port/aarch64/interrupt.h"
#include "port/aarch64/lock.h"

// Touched by its own core only, in and out of interrupts: no ordering between cores is needed.
static volatile bool rung[CORES];

static uint32_t running; // a bit for each core
static struct lock leaving;

void bell_start(uint32_t cores)
{
    running = (1u << cores) - 1u;
    interrupt_route_uart(0);
}

uint32_t bell_leave(uint32_t core)
{
    // So that two cores that leave at once agree on who is left.
    lock_take(&leaving);
    uint32_t left = running & ~(1u << core);
    // Relaxed: an interrupt that finds the old value sends a bell to a core that hears none.
    __atomic_store_n(&running, left, __ATOMIC_RELAXED);
    if (left != 0) {
        interrupt_route_uart((uint32_t)__builtin_ctz(left));
    }
    lock_give(&leaving);
    return (uint32_t)__builtin_popcount(left);
}

void bell_heard(uint32_t core)
{
    rung[core] = true;
}

void bell_pass_on(uint32_t core)
{
    uint32_t cores = doorbell_hear();
    if ((cores & 1u << core) != 0) {
        rung[core] = true;
    }
    uint32_t others = cores & ~(1u << core) & __atomic_load_n(&running, __ATOMIC_RELAXED);
    if (others != 0) {
        interrupt_send_bell(others);
    }
}

bool bell_take(uint32_t core)
{
    bool was_rung = rung[core];
    rung[core] = false;
    return was_rung;
}
