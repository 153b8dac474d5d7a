#include "port/alone/power.h"

#include <stddef.h>

#include "machine.h"

// Where a core of the BCM2837 waits for its entry: the boot code that is there before any kernel has
// it so, and Linux knows it as a spin table.
struct spin_table {
    unsigned char code[0xd8];
    volatile uint64_t entry[CORES]; // a core goes there once it is not 0
};

// Power management, of which its manual has nothing; Linux knows it as bcm2835_wdt.
struct power_management {
    uint32_t unused[7];
    volatile uint32_t reset_control; // PM_RSTC
    volatile uint32_t reset_status;  // PM_RSTS: what the boot loader does after it
    volatile uint32_t watchdog;      // PM_WDOG: ticks of 15 us
};
_Static_assert(offsetof(struct power_management, reset_control) == 0x1c, "PM_RSTC");
_Static_assert(offsetof(struct power_management, watchdog) == 0x24, "PM_WDOG");

#define PASSWORD 0x5a000000u
#define STATUS_HALT 0x555u // the partition 63, from which nothing is booted
#define WATCHDOG_SOON 10u
#define CONTROL_FULL_RESET 0x20u

static struct spin_table *const spin_table = (struct spin_table *)SPIN_TABLE_PAGE;
static struct power_management *const power = (struct power_management *)POWER_MANAGEMENT;

void core_sleep(void); // sleep.S

void power_start(bool entered_at_el2)
{
    (void)entered_at_el2;
}

bool power_core_on(uint32_t core, void (*entry)(void))
{
    if (core == 0 || core >= CORES) {
        return false;
    }
    // What was written for it is in memory before it starts: its caches are off at first.
    __asm__ volatile("dsb sy" ::: "memory");
    spin_table->entry[core] = (uint64_t)(uintptr_t)entry;
    // It is there before the core is woken to look.
    __asm__ volatile("dsb sy\n\tsev" ::: "memory");
    return true;
}

void power_rest(uint32_t first)
{
    for (uint32_t core = first; core < CORES; core++) {
        power_core_on(core, core_sleep);
    }
}

void power_off(void)
{
    power->reset_status = PASSWORD | STATUS_HALT;
    power->watchdog = PASSWORD | WATCHDOG_SOON;
    power->reset_control = PASSWORD | CONTROL_FULL_RESET;
}
