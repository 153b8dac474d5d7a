#include "faults/unexpected.h"

#include "machine.h"
#include "port/gic/gic.h"

// Of the interrupts that a core sends itself, one that this firmware has no use for.
#define INTERRUPT_UNUSED 9u

void unexpected_send(uint32_t core)
{
    gic_enable(INTERRUPT_UNUSED);
    gic_send(INTERRUPT_UNUSED, 1u << (core + CORE_FIRST));
}
