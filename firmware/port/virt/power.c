#include "port/alone/power.h"

#include "port/psci/psci.h"

void power_start(bool entered_at_el2)
{
    psci_start(entered_at_el2);
}

bool power_core_on(uint32_t core, void (*entry)(void))
{
    return psci_core_on(core, entry);
}

void power_rest(uint32_t first)
{
    (void)first; // they are off
}

void power_off(void)
{
    psci_machine_off();
}
