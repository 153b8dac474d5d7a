#include "core/trace.h"

#include "core/atomic.h"
#include "core/core.h"
#include "core/format.h"
#include "core/shared_words.h"
#include "core/status.h"
#include "core/this_core.h"

// A machine that is too slow for what it is given stays so: a line a second would fill a log.
#define COUNTER_US 10000000u

_Static_assert((CARILLON_TRACE_RECORDS & (CARILLON_TRACE_RECORDS - 1u)) == 0, "free-running index");

static struct carillon_trace_ring *ring_of(struct core *core)
{
    return &core->shared->traces[core->index];
}

static void write(struct core *core, const struct carillon_trace_record *record)
{
    struct trace *own = &core->trace;
    struct carillon_trace_ring *ring = ring_of(core);
    // Acquire: the host has read what it gives back before it is written over. What the host says
    // is not trusted: a head that cannot be leaves no room.
    uint32_t used = own->tail - load_acquire(&ring->consumer.head);
    if (used < CARILLON_TRACE_RECORDS) {
        shared_words_copy(&ring->records[own->tail % CARILLON_TRACE_RECORDS], record, sizeof *record);
        own->tail++;
    } else {
        own->lost++;
        // Relaxed: it stands for nothing but itself.
        store_relaxed(&core_status(core)->trace_lost, own->lost);
    }
    // Release: the record is seen before the tail. Stored where nothing was written as well: the host
    // finds its way back by it where something wrote over either position.
    store_release(&ring->producer.tail, own->tail);
}

void trace(enum carillon_trace_level level, const char *format, ...)
{
    struct core *core = this_core();
    if (core == NULL) {
        return;
    }
    struct trace *own = &core->trace;
    uint32_t sequence = own->sequence++;
    struct carillon_trace_record *record = &own->recent[sequence % CARILLON_FAULT_LINES];
    record->time_us = core->port->now_us(core->port->context);
    record->level = level;
    record->sequence = sequence;
    va_list arguments;
    va_start(arguments, format);
    format_text(record->message, sizeof record->message, format, arguments);
    va_end(arguments);
    if (core->session != 0) {
        write(core, record);
    } else {
        own->lost++;
    }
}

void trace_attach(struct core *core)
{
    // Relaxed: only this core's firmware ever stores it.
    core->trace.tail = load_relaxed(&ring_of(core)->producer.tail);
}

void trace_counter(struct trace_counter *counter, uint32_t value, const char *what, uint64_t now_us)
{
    if (value == counter->told || now_us < counter->next_us) {
        return;
    }
    trace(CARILLON_TRACE_WARN, "%u %s", value - counter->told, what);
    *counter = (struct trace_counter){.told = value, .next_us = now_us + COUNTER_US};
}
