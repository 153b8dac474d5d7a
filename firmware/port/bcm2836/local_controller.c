#include "port/bcm2836/local_controller.h"

#include <stddef.h>

#include "machine.h"

#define LOCAL_CORES 4
#define MAILBOXES 4 // of each core; one is used

struct local_controller {
    volatile uint32_t control;
    uint32_t unused0[2];
    volatile uint32_t peripherals_routing;
    uint32_t unused1[12];
    volatile uint32_t timer_control[LOCAL_CORES];   // a bit for each of the core's timers, as in pending
    volatile uint32_t mailbox_control[LOCAL_CORES]; // a bit for each of the core's mailboxes
    volatile uint32_t pending[LOCAL_CORES];
    volatile uint32_t fast_pending[LOCAL_CORES];
    volatile uint32_t mailbox_set[LOCAL_CORES][MAILBOXES];   // what is written is added to it
    volatile uint32_t mailbox_clear[LOCAL_CORES][MAILBOXES]; // what is written is taken out of it
};
_Static_assert(offsetof(struct local_controller, peripherals_routing) == 0x0c, "GPU routing");
_Static_assert(offsetof(struct local_controller, timer_control) == 0x40, "timer control");
_Static_assert(offsetof(struct local_controller, pending) == 0x60, "IRQ source");
_Static_assert(offsetof(struct local_controller, mailbox_set) == 0x80, "mailbox write-set");
_Static_assert(offsetof(struct local_controller, mailbox_clear) == 0xc0, "mailbox write-clear");

static struct local_controller *const local = (struct local_controller *)LOCAL_CONTROLLER;

void local_start_core(uint32_t core)
{
    // From an earlier start of it.
    local_empty_mailbox(core);
    local->mailbox_control[core] = 1u << BELL_MAILBOX;
    local->timer_control[core] = LOCAL_VIRTUAL_TIMER;
}

void local_route_peripherals(uint32_t core)
{
    local->peripherals_routing = core;
}

void local_send(uint32_t cores)
{
    // What was written is seen by the others before they are interrupted: stores to memory and to a
    // device are not in order by themselves.
    __asm__ volatile("dsb ishst" ::: "memory");
    for (uint32_t core = 0; core < LOCAL_CORES; core++) {
        if ((cores & 1u << core) != 0) {
            local->mailbox_set[core][BELL_MAILBOX] = 1u;
        }
    }
}

void local_empty_mailbox(uint32_t core)
{
    local->mailbox_clear[core][BELL_MAILBOX] = UINT32_MAX;
    // Before what it was rung for is looked for: a load from memory does not wait for a store to a
    // device by itself, and could miss what was told by a bell that this has taken away.
    __asm__ volatile("dsb sy" ::: "memory");
}

uint64_t local_mailbox_clear_address(uint32_t core)
{
    return (uint64_t)(uintptr_t)&local->mailbox_clear[core][BELL_MAILBOX];
}

uint32_t local_pending(uint32_t core)
{
    return local->pending[core];
}
