#include "port/beside_linux/core_off.h"

#include "port/psci/psci.h"

void core_off_start(bool entered_at_el2)
{
    psci_start(entered_at_el2);
}

void core_off(void)
{
    psci_core_off();
}
