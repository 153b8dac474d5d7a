#include "port/virt/interrupt.h"

#include "core/assert.h"
#include "port/virt/bell.h"
#include "port/virt/cpu.h"
#include "port/virt/gic.h"
#include "port/virt/machine.h"
#include "port/virt/timer.h"

void interrupt_handle(void)
{
    for (;;) {
        uint32_t acknowledged = gic_acknowledge();
        switch (gic_number(acknowledged)) {
        case GIC_SPURIOUS:
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
