#include "port/gic/gic.h"

#include <stddef.h>

#include "machine.h"

// The registers as the GICv2 architecture (IHI 0048) names them in the comments.
struct gic_distributor {
    volatile uint32_t control; // GICD_CTLR
    uint32_t unused0[63];
    volatile uint32_t set_enable[32]; // GICD_ISENABLER: a bit each; those below 32 are banked
    volatile uint32_t clear_enable[32]; // GICD_ICENABLER
    volatile uint32_t set_pending[32]; // GICD_ISPENDR: a bit each
    uint32_t unused2[64];
    volatile uint32_t clear_active[32]; // GICD_ICACTIVER
    volatile uint8_t priority[1024]; // GICD_IPRIORITYR
    volatile uint8_t targets[1024];  // GICD_ITARGETSR: a bit for each core
    uint32_t unused3[192];
    volatile uint32_t send; // GICD_SGIR
};
_Static_assert(offsetof(struct gic_distributor, set_enable) == 0x100, "GICD_ISENABLER");
_Static_assert(offsetof(struct gic_distributor, clear_enable) == 0x180, "GICD_ICENABLER");
_Static_assert(offsetof(struct gic_distributor, set_pending) == 0x200, "GICD_ISPENDR");
_Static_assert(offsetof(struct gic_distributor, clear_active) == 0x380, "GICD_ICACTIVER");
_Static_assert(offsetof(struct gic_distributor, priority) == 0x400, "GICD_IPRIORITYR");
_Static_assert(offsetof(struct gic_distributor, targets) == 0x800, "GICD_ITARGETSR");
_Static_assert(offsetof(struct gic_distributor, send) == 0xf00, "GICD_SGIR");

struct gic_cpu_interface {
    volatile uint32_t control;       // GICC_CTLR
    volatile uint32_t priority_mask; // GICC_PMR
    volatile uint32_t binary_point;  // GICC_BPR
    volatile uint32_t acknowledge;   // GICC_IAR: reading it has an effect
    volatile uint32_t end;           // GICC_EOIR
    uint32_t unused[47];
    volatile uint32_t active_priorities; // GICC_APR0
};
_Static_assert(offsetof(struct gic_cpu_interface, end) == 0x10, "GICC_EOIR");
_Static_assert(offsetof(struct gic_cpu_interface, active_priorities) == 0xd0, "GICC_APR0");

#define ENABLE 1u
// A lower number is more urgent. All here have this one, and all of them pass the mask.
#define PRIORITY 0x80u
#define PRIORITY_MASK_ALL 0xffu
#define SEND_TARGETS_SHIFT 16u

static struct gic_distributor *const distributor = (struct gic_distributor *)GIC_DISTRIBUTOR;
static struct gic_cpu_interface *const cpu_interface =
    (struct gic_cpu_interface *)GIC_CPU_INTERFACE;

void gic_start_distributor(void)
{
    distributor->control = ENABLE;
}

void gic_start_core(void)
{
    // Whatever had the core before may have left one that it never ended, and nothing would come any more.
    distributor->clear_active[0] = UINT32_MAX;
    cpu_interface->active_priorities = 0;
    cpu_interface->priority_mask = PRIORITY_MASK_ALL;
    cpu_interface->control = ENABLE;
}

void gic_enable(uint32_t interrupt)
{
    distributor->priority[interrupt] = PRIORITY;
    distributor->set_enable[interrupt / 32u] = 1u << interrupt % 32u;
}

void gic_disable(uint32_t interrupt)
{
    distributor->clear_enable[interrupt / 32u] = 1u << interrupt % 32u;
}

void gic_route(uint32_t interrupt, uint32_t core)
{
    distributor->targets[interrupt] = (uint8_t)(1u << core);
}

void gic_send(uint32_t interrupt, uint32_t cores)
{
    // What was written is seen by the others before they are interrupted: stores to memory and to a
    // device are not in order by themselves.
    __asm__ volatile("dsb ishst" ::: "memory");
    distributor->send = cores << SEND_TARGETS_SHIFT | interrupt;
}

void gic_pend(uint32_t interrupt)
{
    // As above. What is already pending stays so: bells before the other comes to look are one.
    __asm__ volatile("dsb ishst" ::: "memory");
    distributor->set_pending[interrupt / 32u] = 1u << interrupt % 32u;
}

uint32_t gic_acknowledge(void)
{
    return cpu_interface->acknowledge;
}

void gic_end(uint32_t acknowledged)
{
    // The device has taken back what it asked for before this interrupt may come again.
    __asm__ volatile("dsb sy" ::: "memory");
    cpu_interface->end = acknowledged;
}
