// A ring both of whose ends are the test's.
#ifndef CARILLON_TEST_RING_H
#define CARILLON_TEST_RING_H

#include "core/spsc_ring.h"
#include "test/check.h"

#define CAPACITY CARILLON_RING_CAPACITY_MIN

static struct {
    struct carillon_ring_control control;
    _Alignas(64) unsigned char data[CAPACITY];
} memory;

// The data must follow the control at once, as in a region.
_Static_assert(sizeof memory == sizeof(struct carillon_ring_control) + CAPACITY, "ring memory");

static struct ring_producer producer;
static struct ring_consumer consumer;

// Whatever the memory held before.
static inline void set_up_ring(void)
{
    memset(&memory, 0xa5, sizeof memory);
    ring_producer_bind(&producer, &memory.control, CAPACITY);
    ring_consumer_bind(&consumer, &memory.control, CAPACITY);
    ring_producer_reset(&producer);
    ring_consumer_reset(&consumer);
}

#endif
