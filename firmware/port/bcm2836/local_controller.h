// The interrupt controller of the cores (BCM2836 ARM-local peripherals, QA7): each core has a timer and
// mailboxes of its own, and one of them gets what the graphics processor's controller lets through.
#ifndef CARILLON_BCM2836_LOCAL_CONTROLLER_H
#define CARILLON_BCM2836_LOCAL_CONTROLLER_H

#include <stdint.h>

#include "machine.h"

// Cores are the processor's here, as their registers are.

// What is pending on a core: bits of local_pending.
#define LOCAL_VIRTUAL_TIMER (1u << 3)
#define LOCAL_MAILBOX (1u << (4 + BELL_MAILBOX)) // of four, the machine's (machine.h)
#define LOCAL_PERIPHERALS (1u << 8)

// Lets a core's virtual timer and its mailbox through, which it empties.
void local_start_core(uint32_t core);

// Sends the interrupts of the peripherals to one core from now on.
void local_route_peripherals(uint32_t core);

// Puts something into the mailboxes of the cores whose bits are set. What the caller has written
// before is seen by them.
void local_send(uint32_t cores);
// Empties a core's mailbox, which interrupts until then.
void local_empty_mailbox(uint32_t core);

// Where the register is that empties a core's mailbox when all bits are written to it.
uint64_t local_mailbox_clear_address(uint32_t core);

uint32_t local_pending(uint32_t core);

#endif
