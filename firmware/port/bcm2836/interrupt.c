#include "port/aarch64/interrupt.h"

#include "core/assert.h"
#include "machine.h"
#include "port/aarch64/bell.h"
#include "port/aarch64/cpu.h"
#include "port/aarch64/restart.h"
#include "port/aarch64/timer.h"
#include "port/bcm2836/local_controller.h"

#ifdef INTERRUPT_UART
#include "port/alone/pass_on.h"
#define EXPECTED (LOCAL_VIRTUAL_TIMER | LOCAL_MAILBOX | LOCAL_PERIPHERALS)
#else
#define EXPECTED (LOCAL_VIRTUAL_TIMER | LOCAL_MAILBOX)
#endif

void interrupt_start_core(void)
{
    local_start_core(cpu_number());
}

void interrupt_abandon(void)
{
    // Here nothing has to be ended; what nobody handles is masked, or it would end each sleep.
    local_start_core(cpu_number());
}

void interrupt_handle(void)
{
    uint32_t number = cpu_number();
    uint32_t core = cpu_index();
    for (;;) {
        uint32_t pending = local_pending(number);
        if ((pending & LOCAL_MAILBOX) != 0) {
            // First, so that what comes while it is handled interrupts again.
            local_empty_mailbox(number);
            bell_heard(core);
        }
#ifdef INTERRUPT_UART
        if ((pending & LOCAL_PERIPHERALS) != 0) {
            bell_pass_on(core);
        }
#endif
        if ((pending & LOCAL_VIRTUAL_TIMER) != 0) {
            // It would ask again until its time is moved. That the core woke is all it was for.
            timer_disarm();
        }
        if ((pending & ~EXPECTED) != 0) {
            // Nobody has enabled it, and nothing would end it.
            assert_failed(CARILLON_FAULT_UNEXPECTED_INTERRUPT, __FILE__, __LINE__, // FAULT: interrupt
                          "an interrupt that nobody handles");
        }
        if (pending == 0) {
            // The core may be made to leave all it was at.
            restart_follow(core);
            return;
        }
    }
}
