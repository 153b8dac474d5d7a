#include "machine.h"
#include "port/alone/uart_interrupt.h"
#include "port/gic/gic.h"

void interrupt_start(void)
{
    gic_start_distributor();
}

void interrupt_enable_uart(void)
{
    gic_enable(INTERRUPT_UART);
}

void interrupt_route_uart(uint32_t core)
{
    gic_route(INTERRUPT_UART, core);
}

void interrupt_send_bell(uint32_t cores)
{
    gic_send(INTERRUPT_BELL, cores);
}
