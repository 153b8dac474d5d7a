#include "port/aarch64/bell.h"

#include "machine.h"

// Touched by its own core only, in and out of interrupts: no ordering between cores is needed.
static volatile bool rung[CORES];

void bell_heard(uint32_t core)
{
    rung[core] = true;
}

bool bell_take(uint32_t core)
{
    bool was_rung = rung[core];
    rung[core] = false;
    return was_rung;
}
