#include "port/aarch64/bell.h"

#include "machine.h"
#include "port/aarch64/doorbell.h"
#include "port/aarch64/interrupt.h"
#include "port/aarch64/lock.h"

// Touched by its own core only, in and out of interrupts: no ordering between cores is needed.
static volatile bool rung[CORES];

// A bit for each core: of the machine, and of those, that has not left.
static uint32_t present;
static uint32_t running;
static struct lock leaving;

void bell_start(uint32_t cores)
{
    present = (1u << cores) - 1u;
    running = present;
    interrupt_route_uart(0);
}

void bell_join(uint32_t core)
{
    uint64_t mask = lock_take(&leaving);
    if (running == 0) {
        interrupt_route_uart(core);
    }
    running |= 1u << core;
    lock_give(&leaving, mask);
}

uint32_t bell_leave(uint32_t core)
{
    // So that two cores that leave at once agree on who is left.
    uint64_t mask = lock_take(&leaving);
    uint32_t left = running & ~(1u << core);
    running = left;
    if (left != 0) {
        interrupt_route_uart((uint32_t)__builtin_ctz(left));
    }
    lock_give(&leaving, mask);
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
    // Those that are parked as well: the bell may be what they are to begin anew for.
    uint32_t others = cores & ~(1u << core) & present;
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
