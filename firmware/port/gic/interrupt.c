#include "port/aarch64/interrupt.h"

#include <stdbool.h>
#include <stdint.h>

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

// What each core handles now, as it was acknowledged. Touched by that core only, with interrupts masked.
static uint32_t handled[CORES];
static bool is_handling[CORES];

static void begin(uint32_t core, uint32_t acknowledged)
{
    handled[core] = acknowledged;
    is_handling[core] = true;
}

static void end(uint32_t core)
{
    if (is_handling[core]) {
        is_handling[core] = false;
        gic_end(handled[core]);
    }
}

void interrupt_start_core(void)
{
    gic_start_core();
    gic_enable(INTERRUPT_BELL);
    gic_enable(INTERRUPT_TIMER);
}

void interrupt_handle(void)
{
    uint32_t core = cpu_index();
    for (;;) {
        uint32_t acknowledged = gic_acknowledge();
        uint32_t number = gic_number(acknowledged);
        if (number == GIC_SPURIOUS) {
            // Nothing is being handled any more: the core may be made to leave all it was at.
            restart_follow(core);
            return;
        }
        begin(core, acknowledged);
        switch (number) {
        case INTERRUPT_BELL:
            bell_heard(core);
            break;
#ifdef INTERRUPT_UART
        case INTERRUPT_UART:
            bell_pass_on(core);
            break;
#endif
        case INTERRUPT_TIMER:
            // It would ask again until its time is moved. That the core woke is all it was for.
            timer_disarm();
            break;
        default:
            // Nobody handles it, so nobody ends what asks for it. A shared one is not this core's to say.
            if (number < GIC_SHARED) {
                gic_disable(number);
            }
            assert_failed(CARILLON_FAULT_UNEXPECTED_INTERRUPT, __FILE__, __LINE__, // FAULT: interrupt
                          "an interrupt that nobody handles");
        }
        end(core);
    }
}

void interrupt_abandon(void)
{
    end(cpu_index());
}
