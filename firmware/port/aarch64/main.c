// The ports for AArch64: up to four cores without an operating system, each with one `struct core` of
// its own. They share the shared region with a host that has mapped the same memory.
#include <stddef.h>
#include <string.h>

#include "core/core.h"
#include "core/this_core.h"
#include "machine.h"
#include "port/aarch64/bell.h"
#include "port/aarch64/boot_parameters.h"
#include "port/aarch64/cpu.h"
#include "port/aarch64/doorbell.h"
#include "port/aarch64/fault.h"
#include "port/aarch64/interrupt.h"
#include "port/aarch64/life.h"
#include "port/aarch64/restart.h"
#include "port/aarch64/stack.h"
#include "port/aarch64/timer.h"

// Too large to be zeroed by one core with its caches off.
__attribute__((section(".cores"))) static struct core cores[CORES];

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
    // The alarm stays set for the next sleep.
    cpu_unmask_interrupts();
    // The caller looks again anyway: it has been rung for up to here.
    bell_take(core->index);
    return true;
}

static void ring_host(void *context)
{
    const struct core *core = context;
    doorbell_ring(core->index);
}

static uint32_t stack_used(void *context)
{
    const struct core *core = context;
    return stack_used_bytes(core->index);
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
    // What rings before this may be taken for nothing, and is looked for after it.
    interrupt_start_core();
    // From here on what the host asks for is done.
    restart_begin(index);
    life_join(index);
    zero(core);
    core->port = port;
    core->index = index;
    core->shared = (struct carillon_shared_mem *)(uintptr_t)boot_parameters.region;
    core->region_bytes = (uint32_t)boot_parameters.region_bytes;
    fault_watch(core, index);
    cpu_unmask_interrupts();
}

// Called by boot.S on each core.
void core_main(uint32_t index, bool entered_at_el2)
{
    life_start(index, entered_at_el2);
    core_begin(index);
}

_Noreturn void core_begin(uint32_t index)
{
    this_core_set(NULL);
    fault_begin(index);
    struct core *core = &cores[index];
    const struct port port = {
        .context = core,
        .now_us = now_us,
        .wait = wait_for_bell,
        .ring = ring_host,
        .stack_bytes = stack_bytes(),
        .stack_used = stack_used,
    };
    start_core(core, &port, index);
    core_run(core);
    life_end(index);
    core_park();
}
