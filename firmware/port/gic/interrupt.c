#include "port/aarch64/interrupt.h"

#include "core/assert.h"
#include "machine.h"
#include "port/aarch64/bell.h"
#include "port/aarch64/cpu.h"
#include "port/aarch64/restart.h"
#include "port/aarch64/timer.h"
#include "port/gic/gic.h"
#ifdef INTERRUPT_UART
#include "port/alone/pass_on.h"
#endif

// The virtual timer of each core.
#define INTERRUPT_TIMER 27u // private

void interrupt_start_core(void)
{
    gic_start_core();
    gic_enable(INTERRUPT_BELL);
    gic_enable(INTERRUPT_TIMER);
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
#ifdef INTERRUPT_UART
        case INTERRUPT_UART:
            bell_pass_on(cpu_index());
            break;
#endif
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
