#include <stddef.h>

#include "machine.h"
#include "port/alone/uart_interrupt.h"
#include "port/bcm2836/local_controller.h"

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
