#include "port/aarch64/life.h"

#include "port/aarch64/boot_parameters.h"
#include "port/beside_linux/core_off.h"

// Each core is started and stopped for itself, is rung for itself, and rings for itself: none of them
// needs to know of the others.

void life_start(uint32_t core, bool entered_at_el2)
{
    (void)core;
    core_off_start(entered_at_el2);
}

void life_join(uint32_t core)
{
    (void)core;
}

void life_leave(uint32_t core)
{
    (void)core;
}

void life_end(uint32_t core)
{
    (void)core; // the machine is Linux's to end
}

void life_off(void)
{
    // Where nobody could start it again, it waits here.
    if (boot_parameters.turn_off != 0) {
        core_off();
    }
}
