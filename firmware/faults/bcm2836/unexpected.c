#include "faults/unexpected.h"

#include "machine.h"

// Of the core's four mailboxes, the second: only the first is used.
#define MAILBOX_CONTROL(core) (LOCAL_CONTROLLER + 0x50u + 4u * (core))
#define SECOND_MAILBOX_SET(core) (LOCAL_CONTROLLER + 0x84u + 16u * (core))
#define SECOND_MAILBOX 2u

void unexpected_send(uint32_t core)
{
    *(volatile uint32_t *)(uintptr_t)MAILBOX_CONTROL(core + CORE_FIRST) |= SECOND_MAILBOX;
    *(volatile uint32_t *)(uintptr_t)SECOND_MAILBOX_SET(core + CORE_FIRST) = 1u;
}
