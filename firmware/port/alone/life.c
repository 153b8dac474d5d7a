#include "port/aarch64/life.h"

#include "machine.h"
#include "port/aarch64/bell.h"
#include "port/aarch64/boot_parameters.h"
#include "port/aarch64/cpu.h"
#include "port/aarch64/doorbell.h"
#include "port/aarch64/lock.h"
#include "port/alone/pass_on.h"
#include "port/alone/power.h"
#include "port/alone/uart.h"
#include "port/alone/uart_interrupt.h"

void boot_entry(void); // boot.S

// A bit for each core: of the machine, and of those, that has not left.
static uint32_t present;
static uint32_t running;
// The last core that was stopped ends the machine. That takes a while, and nothing begins in it.
static bool ending;
// Holds the above.
static struct lock membership;

// Takes a core out. Of those that are left, the first hears the host's bell from now on; where none is
// left, it stays with the last, which may be to end the machine. Returns whether it is.
static bool leave(uint32_t core, bool may_end)
{
    // So that cores that leave or join at once agree on who is left.
    uint64_t mask = lock_take(&membership);
    uint32_t left = running & ~(1u << core);
    running = left;
    if (left != 0) {
        interrupt_route_uart((uint32_t)__builtin_ctz(left));
    }
    bool ends = left == 0 && may_end;
    ending |= ends;
    lock_give(&membership, mask);
    return ends;
}

void life_start(uint32_t core, bool entered_at_el2)
{
    if (core != 0) {
        return;
    }
    uint32_t count = boot_parameters.cores < CORES ? (uint32_t)boot_parameters.cores : CORES;
    power_start(entered_at_el2);
    interrupt_start();
    // Before the others are started.
    present = (1u << count) - 1u;
    running = present;
    interrupt_route_uart(0);
    uart_start();
    interrupt_enable_uart();
    for (uint32_t other = 1; other < count; other++) {
        if (!power_core_on(other, boot_entry)) {
            leave(other, false);
        }
    }
    power_rest(count);
    // The host waits for it: the machine runs, whatever the region is like.
    doorbell_ring(0);
}

void life_join(uint32_t core)
{
    uint64_t mask = lock_take(&membership);
    if (running == 0) {
        interrupt_route_uart(core);
    }
    running |= 1u << core;
    bool is_late = ending;
    lock_give(&membership, mask);
    // The host would take it for one that runs, and lose it at once.
    while (is_late) {
        cpu_wait_for_interrupt();
    }
}

void life_leave(uint32_t core)
{
    leave(core, false);
}

void life_end(uint32_t core)
{
    if (leave(core, true)) {
        power_off();
    }
}

void life_off(void)
{
    // It hears the host's bell, perhaps for all of them.
}

void bell_pass_on(uint32_t core)
{
    uint32_t cores = uart_hear();
    if ((cores & 1u << core) != 0) {
        bell_heard(core);
    }
    // Those that are parked as well: the bell may be what they are to begin anew for.
    uint32_t others = cores & ~(1u << core) & present;
    if (others != 0) {
        interrupt_send_bell(others);
    }
}
