#include "port/beside_linux/core_off.h"

#include "machine.h"
#include "port/aarch64/cpu.h"
#include "port/bcm2836/local_controller.h"
#include "port/pi-zero-2w/parking.h"

void core_off_start(bool entered_at_el2)
{
    (void)entered_at_el2; // it waits at EL1 from the first time on
}

void core_off(void)
{
    uint32_t number = cpu_number();
    struct parking_slot *slot = (struct parking_slot *)BOARD_PARKING_PAGE + number;
    slot->entry = 0;
    slot->mailbox_clear = local_mailbox_clear_address(number);
    for (uint32_t word = 0; &parking_code[word] < parking_code_end; word++) {
        slot->code[word] = parking_code[word];
    }
    local_empty_mailbox(number);
    parking_enter(slot);
}
