#include "port/aarch64/fault.h"

#include <stdbool.h>
#include <stddef.h>

#include "core/fault.h"
#include "machine.h"
#include "port/aarch64/boot_parameters.h"
#include "port/aarch64/cpu.h"
#include "port/aarch64/doorbell.h"
#include "port/aarch64/interrupt.h"
#include "port/aarch64/life.h"
#include "port/aarch64/restart.h"
#include "port/aarch64/timer.h"

// Of ESR_EL1, D17.2.37 of the architecture: the class of the exception.
#define CLASS_SHIFT 26u
#define CLASS_MASK 0x3fu
#define CLASS_UNKNOWN 0x00u
#define CLASS_ILLEGAL_STATE 0x0eu
#define CLASS_PREFETCH_ABORT 0x21u
#define CLASS_PC_ALIGNMENT 0x22u
#define CLASS_DATA_ABORT 0x25u
#define CLASS_SP_ALIGNMENT 0x26u
#define CLASS_BREAKPOINT_INSTRUCTION 0x3cu // what __builtin_trap is
// Of the syndrome of an abort: what kind.
#define ABORT_MASK 0x3fu
#define ABORT_ALIGNMENT 0x21u

// Of the index of a vector: four groups of these.
#define VECTOR_KINDS 4u
#define VECTOR_SYNCHRONOUS 0u
#define VECTOR_SERROR 3u

// Of the linker script.
extern unsigned char stacks_start[];
extern unsigned char STACK_GUARD_BYTES[], STACK_STRIDE[]; // their addresses are the values

// Each core's frame and the handler's stack above it: fault_entry.S.
_Alignas(FAULT_PAGE_BYTES) unsigned char fault_pages[CORES][FAULT_PAGE_BYTES];

static const struct core *watched[CORES];
// How often each core has come here.
static uint32_t entered[CORES];

_Noreturn void core_park(void)
{
    cpu_mask_interrupts();
    timer_disarm();
    // Before the core is off, perhaps: it may have faulted in the middle of one.
    interrupt_abandon();
    life_off();
    restart_wait(cpu_index());
}

void fault_begin(uint32_t index)
{
    watched[index] = NULL;
    // A core that is started again after a fault may have another.
    entered[index] = 0;
}

void fault_watch(const struct core *core, uint32_t index)
{
    watched[index] = core;
    // What a bus has answered to an access that the core did not wait for.
    cpu_unmask_errors();
}

static bool is_in_guard(uint64_t address)
{
    uint64_t start = (uint64_t)(uintptr_t)stacks_start;
    uint64_t stride = (uint64_t)(uintptr_t)STACK_STRIDE;
    return address >= start && address < start + CORES * stride &&
           (address - start) % stride < (uint64_t)(uintptr_t)STACK_GUARD_BYTES;
}

static enum carillon_fault_kind kind_of_synchronous(uint64_t syndrome, uint64_t address)
{
    switch (syndrome >> CLASS_SHIFT & CLASS_MASK) {
    case CLASS_UNKNOWN:
    case CLASS_ILLEGAL_STATE:
    case CLASS_BREAKPOINT_INSTRUCTION:
        return CARILLON_FAULT_UNDEFINED_INSTRUCTION;
    case CLASS_PREFETCH_ABORT:
        return CARILLON_FAULT_PREFETCH_ABORT;
    case CLASS_DATA_ABORT:
        return is_in_guard(address)                         ? CARILLON_FAULT_STACK_OVERFLOW
               : (syndrome & ABORT_MASK) == ABORT_ALIGNMENT ? CARILLON_FAULT_ALIGNMENT
                                                            : CARILLON_FAULT_DATA_ABORT;
    case CLASS_PC_ALIGNMENT:
    case CLASS_SP_ALIGNMENT:
        return CARILLON_FAULT_ALIGNMENT;
    default:
        return CARILLON_FAULT_OTHER;
    }
}

static enum carillon_fault_kind kind_of(uint64_t vector, uint64_t syndrome, uint64_t address)
{
    switch (vector % VECTOR_KINDS) {
    case VECTOR_SYNCHRONOUS:
        return kind_of_synchronous(syndrome, address);
    case VECTOR_SERROR:
        return CARILLON_FAULT_SERROR;
    default:
        return CARILLON_FAULT_UNEXPECTED_INTERRUPT;
    }
}

static void report(uint32_t index, uint64_t vector, const struct fault_frame *frame)
{
    struct fault fault = {.machine = FAULT_MACHINE_AARCH64,
                          .register_count = CARILLON_FAULT_REGISTERS,
                          .time_us = timer_now_us(),
                          .esr = CPU_READ("esr_el1"),
                          .far = CPU_READ("far_el1"),
                          .elr = CPU_READ("elr_el1"),
                          .caller = frame->registers[30],
                          .sp = frame->sp,
                          .spsr = CPU_READ("spsr_el1")};
    fault.kind = kind_of(vector, fault.esr, fault.far);
    for (uint32_t at = 0; at < CARILLON_FAULT_REGISTERS; at++) {
        fault.registers[at] = frame->registers[at];
    }
    if (watched[index] != NULL) {
        fault_report((struct carillon_shared_mem *)(uintptr_t)boot_parameters.region, index,
                     watched[index], &fault);
    }
}

// A fault in here leads back to here: each step is done once, and the ones behind it all the same.
_Noreturn void fault_handle(uint64_t vector, const struct fault_frame *frame)
{
    uint32_t index = cpu_index();
    switch (entered[index]++) {
    case 0:
        report(index, vector, frame);
        __attribute__((fallthrough));
    case 1:
        entered[index] = 2;
        fault_mark((struct carillon_shared_mem *)(uintptr_t)boot_parameters.region, index);
        __attribute__((fallthrough));
    case 2:
        entered[index] = 3;
        life_leave(index);
        doorbell_try_ring(index);
        __attribute__((fallthrough));
    default:
        core_park();
    }
}
