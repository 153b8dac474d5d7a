// The interrupt controller: a GICv2 with one security state.
#ifndef CARILLON_GIC_H
#define CARILLON_GIC_H

#include <stdint.h>

// The first interrupt that is not a core's own.
#define GIC_SHARED 32u

// What gic_acknowledge gives where nothing is pending.
#define GIC_SPURIOUS 1023u

// Once, before any core uses the rest: where nobody else has the controller.
void gic_start_distributor(void);

// By each core for itself.
void gic_start_core(void);

// Lets one of this core's own interrupts (below 32) or a shared one through.
void gic_enable(uint32_t interrupt);

// Lets one of this core's own interrupts through no more.
void gic_disable(uint32_t interrupt);

// Sends a shared interrupt to one core from now on.
void gic_route(uint32_t interrupt, uint32_t core);

// Interrupts the processor's cores whose bits are set. What the caller has written before is seen by them.
void gic_send(uint32_t interrupt, uint32_t cores);

// Makes a shared interrupt pending, whatever device it is. What the caller has written before is seen
// by who takes it.
void gic_pend(uint32_t interrupt);

// What interrupts this core: to be given to gic_end as it is. Its low ten bits are the number.
uint32_t gic_acknowledge(void);
void gic_end(uint32_t acknowledged);

static inline uint32_t gic_number(uint32_t acknowledged)
{
    return acknowledged & 0x3ffu;
}

#endif
