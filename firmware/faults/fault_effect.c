// Makes the core fault, in a build for tests (make FAULTS=1) and in no other.
//
// A test finds the line that a report has to name by the comment "FAULT: " and the name of the fault.
#include <stdint.h>

#include "core/core.h"
#include "core/this_core.h"
#include "core/trace.h"
#include "dsp/effects.h"

#if !__STDC_HOSTED__
#include "faults/unexpected.h"
#else
#include <stdlib.h>
#endif

// Values of the parameter `kind`. test/support/provoked-faults.ts has the same list.
enum provoked {
    PROVOKE_UNDEFINED,
    PROVOKE_READ,
    PROVOKE_WRITE,
    PROVOKE_JUMP,
    PROVOKE_STACK,
    PROVOKE_ASSERT,
    PROVOKE_SERROR,
    PROVOKE_INTERRUPT,
    PROVOKE_AGAIN,     // and once more while the record is written
    PROVOKE_FLOOD,     // no fault: more trace than there is room for
    PROVOKE_TEXT,      // no fault: a trace that would act on a terminal
    PROVOKE_DIVIDE,    // where dividing by zero is a fault
    PROVOKE_ABORT,     // where there is an abort
    PROVOKED_COUNT,
};

#define FLOOD_LINES 100u
#define DAIF_A (1u << 8) // SErrors are masked

// On every machine nothing is mapped here. Volatile, or the compiler knows better.
static volatile uintptr_t nowhere = 0x10;

struct provoking {
    uint32_t kind;
};
_Static_assert(sizeof(struct provoking) <= EFFECT_STATE_BYTES, "fits an effect's state");

static volatile uint32_t sink;

__attribute__((noinline)) static void execute_undefined(void)
{
#if defined(__aarch64__)
    __asm__ volatile("udf #0"); // FAULT: undefined
#else
    __asm__ volatile("ud2"); // FAULT: undefined
#endif
}

__attribute__((noinline)) static void read_nothing(void)
{
    sink = *(volatile uint32_t *)nowhere; // FAULT: read
}

__attribute__((noinline)) static void write_nothing(void)
{
    *(volatile uint32_t *)nowhere = sink; // FAULT: write
}

__attribute__((noinline)) static void jump_nowhere(void)
{
    ((void (*volatile)(void))nowhere)(); // FAULT: jump
    sink++;
}

// Without an end: what it does with its room after the call keeps it from becoming a loop. Which of its
// lines touches the guard page first, is the compiler's choice.
__attribute__((noinline)) static uint32_t grow_stack(uint32_t depth) // FAULT: stack
{                                                         // FAULT: stack
    volatile uint32_t room[64];                           // FAULT: stack
    room[depth % 64u] = depth;                            // FAULT: stack
    uint32_t deeper = sink == 0 ? grow_stack(depth + 1u)  // FAULT: stack
                                : 0;                      // FAULT: stack
    return deeper + room[(depth + 1u) % 64u];             // FAULT: stack
}                                                         // FAULT: stack

__attribute__((noinline)) static void fail_assert(void)
{
    ASSERT(sink == UINT32_MAX); // FAULT: assert
}

#if !__STDC_HOSTED__

// No machine that is emulated has a real one: its vector is entered with what it would find.
__attribute__((noinline)) static void enter_serror(void)
{
    uint64_t masked;
    __asm__ volatile("mrs %0, daif" : "=r"(masked));
    if ((masked & DAIF_A) != 0) {
        return; // it would stay pending, and nobody would hear of it
    }
    __asm__ volatile("adr x0, 1f\n\t" // FAULT: serror
                     "msr elr_el1, x0\n\t"
                     "adrp x0, vectors\n\t"
                     "add x0, x0, :lo12:vectors\n\t"
                     "add x0, x0, #0x380\n\t" // of the current level, with its own stack
                     "1: br x0" ::: "x0", "memory");
}

__attribute__((noinline)) static void send_unexpected(void)
{
    unexpected_send(this_core()->index);
    for (;;) {
        sink++;
    }
}

#endif

__attribute__((noinline)) static void fault_twice(void)
{
    this_core()->failure =
        (struct failure){CARILLON_FAULT_ASSERT, (const char *)nowhere, 1, (const char *)nowhere};
    sink = *(volatile uint32_t *)nowhere; // FAULT: again
}

static void flood(void)
{
    for (uint32_t line = 0; line < FLOOD_LINES; line++) {
        trace(CARILLON_TRACE_INFO, "flood %u of %u", line, FLOOD_LINES);
    }
}

static void provoke(enum provoked kind)
{
    trace(CARILLON_TRACE_WARN, "provoking %u", kind);
    switch (kind) {
    case PROVOKE_UNDEFINED:
        execute_undefined();
        break;
    case PROVOKE_READ:
        read_nothing();
        break;
    case PROVOKE_WRITE:
        write_nothing();
        break;
    case PROVOKE_JUMP:
        jump_nowhere();
        break;
    case PROVOKE_STACK:
        sink = 0;
        sink = grow_stack(1);
        break;
    case PROVOKE_ASSERT:
        fail_assert();
        break;
    case PROVOKE_AGAIN:
        fault_twice();
        break;
    case PROVOKE_FLOOD:
        flood();
        break;
    case PROVOKE_TEXT:
        trace(CARILLON_TRACE_ERROR, "\x1b[2Jred\r\n\xff\xfe");
        break;
#if !__STDC_HOSTED__
    case PROVOKE_SERROR:
        enter_serror();
        break;
    case PROVOKE_INTERRUPT:
        send_unexpected();
        break;
#else
    case PROVOKE_DIVIDE:
        sink = 0;
        sink = (uint32_t)nowhere / sink; // FAULT: divide
        break;
    case PROVOKE_ABORT:
        abort();
#endif
    default:
        break;
    }
}

static enum carillon_status provoking_open(void *state, const struct effect_stream *stream,
                                           const double *values, struct page_pool *pool,
                                           uint32_t *param)
{
    (void)stream;
    (void)pool;
    (void)param;
    ((struct provoking *)state)->kind = (uint32_t)values[0];
    return CARILLON_STATUS_OK;
}

static void provoking_process(void *state, double *const *channels, uint32_t frames)
{
    (void)channels;
    (void)frames;
    provoke(((struct provoking *)state)->kind);
}

const struct effect effect_fault = {
    .info =
        {
            .name = "fault",
            .summary = "Makes the core fault, for tests.",
            .param_count = 1,
            .params = {{
                .name = "kind",
                .min = 0.0,
                .max = PROVOKED_COUNT - 1,
                .flags = CARILLON_PARAM_REQUIRED,
                .scale = CARILLON_SCALE_LINEAR,
            }},
        },
    .open = provoking_open,
    .process = provoking_process,
};
