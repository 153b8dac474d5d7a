// Where a core waits that is off: it cannot be turned off alone, nor on. For C and assembly.
//
// Each core has a slot in the last page of the firmware's memory, by its number in the processor. It
// waits in code that lies in the slot, with the MMU and the caches off; so the rest of the memory may
// be loaded anew meanwhile. Linux's driver knows the slot too: it leaves an entry there, in memory and
// not in a cache, and puts something into the core's mailbox.
#ifndef CARILLON_PI_ZERO_2W_PARKING_H
#define CARILLON_PI_ZERO_2W_PARKING_H

#define PARKING_SLOT_BYTES 256
#define PARKING_ENTRY 0          // where to go; 0 while nobody says
#define PARKING_STATE 8          // PARKING_PARKED while the core waits here
#define PARKING_MAILBOX_CLEAR 16 // the address of the register that empties the core's mailbox
#define PARKING_CODE 64
#define PARKING_CODE_BYTES 192
#define PARKING_PARKED 0x6b726170 // "park"

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct parking_slot {
    volatile uint64_t entry;
    volatile uint64_t state;
    volatile uint64_t mailbox_clear;
    uint64_t unused[5];
    volatile uint32_t code[PARKING_CODE_BYTES / 4];
};
_Static_assert(sizeof(struct parking_slot) == PARKING_SLOT_BYTES, "a slot");
_Static_assert(offsetof(struct parking_slot, state) == PARKING_STATE, "state");
_Static_assert(offsetof(struct parking_slot, mailbox_clear) == PARKING_MAILBOX_CLEAR, "mailbox");
_Static_assert(offsetof(struct parking_slot, code) == PARKING_CODE, "code");

// parking.S
extern const uint32_t parking_code[], parking_code_end[];

// Turns the MMU and the caches off, and goes to the slot's code.
_Noreturn void parking_enter(struct parking_slot *slot);

#endif
#endif
