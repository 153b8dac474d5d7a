// The port for QEMU's board `virt`: up to four cores without an operating system, each with one
// `struct core` of its own. They share the shared region with a host that has mapped the same memory.
#include <stddef.h>
#include <string.h>

#include "core/core.h"
#include "core/this_core.h"
#include "port/virt/bell.h"
#include "port/virt/boot_parameters.h"
#include "port/virt/cpu.h"
#include "port/virt/doorbell.h"
#include "port/virt/fault.h"
#include "port/virt/gic.h"
#include "port/virt/machine.h"
#include "port/virt/psci.h"
#include "port/virt/timer.h"

// Too large to be zeroed by one core with its caches off.
__attribute__((section(".cores"))) static struct core cores[VIRT_CORES];

void boot_entry(void); // boot.S
void core_main(uint32_t index, bool entered_at_el2);

static uint64_t now_us(void *context)
{
    (void)context;
    return timer_now_us();
}

static bool wait_for_bell(void *context, uint32_t timeout_us)
{
    const struct core *core = context;
    // A bell between the look and the sleep would be lost for as long as the timeout. So interrupts
    // are masked before the look: what is pending then ends the sleep, and is handled after it.
    cpu_mask_interrupts();
    if (!bell_take(core->index)) {
        timer_arm(timeout_us);
        cpu_wait_for_interrupt();
    }
    cpu_unmask_interrupts();
    timer_disarm();
    // The caller looks again anyway: it has been rung for up to here.
    bell_take(core->index);
    return true;
}

static void ring_host(void *context)
{
    const struct core *core = context;
    doorbell_ring(core->index);
}

static void start_machine(bool entered_at_el2)
{
    uint32_t count = boot_parameters.cores < VIRT_CORES ? (uint32_t)boot_parameters.cores
                                                        : VIRT_CORES;
    psci_start(entered_at_el2);
    gic_start_distributor();
    bell_start(count);
    doorbell_start();
    gic_enable(INTERRUPT_UART);
    for (uint32_t core = 1; core < count; core++) {
        if (!psci_core_on(core, boot_entry)) {
            bell_leave(core);
        }
    }
    // The host waits for it: the machine runs, whatever the region is like.
    doorbell_ring(0);
}

// All but the pages of its pool, which are zeroed when they are taken: 16 of its 17 MiB, and so much
// memory of the machine that QEMU runs on.
static void zero(struct core *core)
{
    unsigned char *start = (unsigned char *)core;
    size_t pages = offsetof(struct core, streams.pool.pages);
    size_t pages_end = pages + sizeof core->streams.pool.pages;
    memset(start, 0, pages);
    memset(start + pages_end, 0, sizeof *core - pages_end);
}

// The rest of this core's interrupts are its own, and so are their enables.
static void start_core(struct core *core, const struct port *port, uint32_t index)
{
    zero(core);
    core->port = port;
    core->index = index;
    core->shared = (struct carillon_shared_mem *)(uintptr_t)boot_parameters.region;
    core->region_bytes = (uint32_t)boot_parameters.region_bytes;
    fault_watch(core, index);
    gic_start_core();
    gic_enable(INTERRUPT_BELL);
    gic_enable(INTERRUPT_TIMER);
    cpu_unmask_interrupts();
}

// Called by boot.S on each core.
void core_main(uint32_t index, bool entered_at_el2)
{
    this_core_set(NULL);
    struct core *core = &cores[index];
    const struct port port = {
        .context = core, .now_us = now_us, .wait = wait_for_bell, .ring = ring_host};
    if (index == 0) {
        start_machine(entered_at_el2);
    }
    start_core(core, &port, index);
    core_run(core);
    // Whoever is the last to stop ends the machine.
    if (bell_leave(index) == 0) {
        psci_system_off();
    }
    core_park();
}
