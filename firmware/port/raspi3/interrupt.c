#include "port/aarch64/interrupt.h"

#include <stddef.h>

#include "core/assert.h"
#include "machine.h"
#include "port/aarch64/bell.h"
#include "port/aarch64/cpu.h"
#include "port/aarch64/restart.h"
#include "port/aarch64/timer.h"
#include "port/raspi3/local_controller.h"

// The interrupt controller of the peripherals (BCM2835 ARM Peripherals, chapter 7): the core that the
// local controller names gets what it lets through.
struct interrupt_controller {
    volatile uint32_t basic_pending;
    volatile uint32_t pending[2]; // a bit each for the 64 interrupts of peripherals
    volatile uint32_t fast;
    volatile uint32_t enable[2];
    volatile uint32_t enable_basic;
    volatile uint32_t disable[2];
    volatile uint32_t disable_basic;
};
_Static_assert(offsetof(struct interrupt_controller, enable) == 0x10, "enable IRQs");
_Static_assert(offsetof(struct interrupt_controller, disable) == 0x1c, "disable IRQs");

#define INTERRUPT_UART 57u
#define UART_WORD (INTERRUPT_UART / 32u)
#define UART_BIT (1u << INTERRUPT_UART % 32u)

static struct interrupt_controller *const controller =
    (struct interrupt_controller *)INTERRUPT_CONTROLLER;

void interrupt_start(void)
{
    // Nothing that somebody else has left on.
    controller->disable[0] = UINT32_MAX;
    controller->disable[1] = UINT32_MAX;
    controller->disable_basic = UINT32_MAX;
    controller->fast = 0;
}

void interrupt_start_core(void)
{
    local_start_core(cpu_index());
}

void interrupt_enable_uart(void)
{
    controller->enable[UART_WORD] = UART_BIT;
}

void interrupt_route_uart(uint32_t core)
{
    local_route_peripherals(core);
}

void interrupt_send_bell(uint32_t cores)
{
    local_send(cores);
}

void interrupt_handle(void)
{
    uint32_t core = cpu_index();
    for (;;) {
        uint32_t pending = local_pending(core);
        if ((pending & LOCAL_MAILBOX) != 0) {
            // First, so that what comes while it is handled interrupts again.
            local_empty_mailbox(core);
            bell_heard(core);
        }
        if ((pending & LOCAL_PERIPHERALS) != 0) {
            bell_pass_on(core);
        }
        if ((pending & LOCAL_VIRTUAL_TIMER) != 0) {
            // It would ask again until its time is moved. That the core woke is all it was for.
            timer_disarm();
        }
        if ((pending & ~LOCAL_EXPECTED) != 0) {
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
