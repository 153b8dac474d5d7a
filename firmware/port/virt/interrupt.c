#include "port/aarch64/interrupt.h"

#include "core/assert.h"
#include "port/aarch64/bell.h"
#include "port/aarch64/cpu.h"
#include "port/aarch64/restart.h"
#include "port/aarch64/timer.h"
#include "port/virt/gic.h"

// One core wakes another for a bell that it has heard.
#define INTERRUPT_BELL 0u // software-generated
// The virtual timer of each core.
#define INTERRUPT_TIMER 27u // private
#define INTERRUPT_UART 33u  // shared

void interrupt_start(void)
{
    gic_start_distributor();
}

void interrupt_start_core(void)
{
    gic_start_core();
    gic_enable(INTERRUPT_BELL);
    gic_enable(INTERRUPT_TIMER);
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

void interrupt_handle(void)
{
    for (;;) {
        uint32_t acknowledged = gic_acknowledge();
        switch (gic_number(acknowledged)) {
        case GIC_SPURIOUS:
            // Nothing is being handled any more: the core may be made to leave all it was at.
            restart_follow(cpu_index());
            return;
        case INTERRUPT_BELL:
            bell_heard(cpu_index());
            break;
        case INTERRUPT_UART:
            bell_pass_on(cpu_index());
            break;
        case INTERRUPT_TIMER:
            // It would ask again until its time is moved. That the core woke is all it was for.
            timer_disarm();
            break;
        default:
            // Nobody has enabled it, and nothing would end it.
            assert_failed(CARILLON_FAULT_UNEXPECTED_INTERRUPT, __FILE__, __LINE__, // FAULT: interrupt
                          "an interrupt that nobody handles");
        }
        gic_end(acknowledged);
    }
}
