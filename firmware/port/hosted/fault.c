#include "port/hosted/fault.h"

#include <link.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <ucontext.h>

#include "core/fault.h"

// Of the handler: it has a record's worth of registers on it, and the kernel's frame with all vector
// registers, which AVX-512 makes a few kilobytes.
#define HANDLER_STACK_BYTES (64u * 1024u)

// How far beyond the stack pointer the access that overflows the stack may lie: a large frame.
#define OVERFLOW_BYTES_MAX (64u * 1024u)

static _Alignas(16) unsigned char handler_stack[HANDLER_STACK_BYTES];
static const struct core *watched;
// Apart from the core, which may be what is damaged.
static struct carillon_shared_mem *shared;
static uint32_t core_index;
static uint64_t load_bias;
static uintptr_t stack_start;
static uintptr_t stack_bytes_max;

#if defined(__x86_64__)

static void read_registers(struct fault *fault, const ucontext_t *context)
{
    static const int order[] = {REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI,
                                REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                REG_R12, REG_R13, REG_R14, REG_R15};
    const greg_t *registers = context->uc_mcontext.gregs;
    fault->machine = FAULT_MACHINE_X86_64;
    fault->elr = (uint64_t)registers[REG_RIP];
    fault->sp = (uint64_t)registers[REG_RSP];
    fault->spsr = (uint64_t)registers[REG_EFL];
    fault->register_count = sizeof order / sizeof *order;
    for (uint32_t at = 0; at < fault->register_count; at++) {
        fault->registers[at] = (uint64_t)registers[order[at]];
    }
}

#elif defined(__aarch64__)

static void read_registers(struct fault *fault, const ucontext_t *context)
{
    const mcontext_t *machine = &context->uc_mcontext;
    fault->machine = FAULT_MACHINE_AARCH64;
    fault->caller = machine->regs[30];
    fault->elr = machine->pc;
    fault->sp = machine->sp;
    fault->spsr = machine->pstate;
    fault->register_count = CARILLON_FAULT_REGISTERS;
    for (uint32_t at = 0; at < CARILLON_FAULT_REGISTERS; at++) {
        fault->registers[at] = machine->regs[at];
    }
}

#else

// The record says that there are none.
static void read_registers(struct fault *fault, const ucontext_t *context)
{
    (void)fault;
    (void)context;
}

#endif

// An access just below a stack that has grown as far as it may.
static bool is_stack_overflow(const struct fault *fault)
{
    uint64_t used = stack_start - fault->sp;
    uint64_t distance = fault->far < fault->sp ? fault->sp - fault->far : fault->far - fault->sp;
    return fault->sp < stack_start && used > stack_bytes_max / 2u && used <= 2u * stack_bytes_max &&
           distance <= OVERFLOW_BYTES_MAX;
}

static enum carillon_fault_kind kind_of(int number, const struct fault *fault)
{
    switch (number) {
    case SIGILL:
        return CARILLON_FAULT_UNDEFINED_INSTRUCTION;
    case SIGTRAP: // what __builtin_trap is on some machines
        return CARILLON_FAULT_UNDEFINED_INSTRUCTION;
    case SIGFPE:
        return CARILLON_FAULT_ARITHMETIC;
    case SIGABRT:
        return CARILLON_FAULT_ABORT;
    case SIGBUS:
        return CARILLON_FAULT_DATA_ABORT;
    default:
        return is_stack_overflow(fault)        ? CARILLON_FAULT_STACK_OVERFLOW
               : fault->far == fault->elr      ? CARILLON_FAULT_PREFETCH_ABORT
                                               : CARILLON_FAULT_DATA_ABORT;
    }
}

// Calls nothing that is not allowed in a signal handler. A fault in here ends the process at once: the
// kernel does not deliver a signal that is being handled.
static void on_fault(int number, siginfo_t *info, void *context)
{
    struct fault fault = {.load_bias = load_bias,
                          .esr = (uint64_t)(uint32_t)info->si_code << 32 | (uint32_t)number};
    const struct port *port = watched->port;
    fault.time_us = port->now_us(port->context);
    read_registers(&fault, context);
    // Of a signal that somebody sent it would be the sender's number.
    fault.far = info->si_code > 0 && number != SIGABRT ? (uint64_t)(uintptr_t)info->si_addr : 0;
    fault.kind = kind_of(number, &fault);
#if defined(__x86_64__)
    // A call has just put it there.
    if (fault.kind == CARILLON_FAULT_PREFETCH_ABORT && fault.sp % sizeof fault.caller == 0) {
        fault.caller = *(const uint64_t *)fault.sp;
    }
#endif
    fault_report(shared, core_index, watched, &fault);
    port->ring(port->context);
    // Whatever raised it, also where somebody sent it: delivered once this returns, and the handler
    // is no longer there.
    raise(number);
}

static int note_load_bias(struct dl_phdr_info *image, size_t bytes, void *bias)
{
    (void)bytes;
    *(uint64_t *)bias = image->dlpi_addr;
    return 1; // the program itself comes first
}

void fault_watch(const struct core *core)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT};
    struct rlimit limit;
    watched = core;
    shared = core->shared;
    core_index = core->index;
    dl_iterate_phdr(note_load_bias, &load_bias);
    stack_start = (uintptr_t)__builtin_frame_address(0);
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        stack_bytes_max = limit.rlim_cur;
    }
    const stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
    if (sigaltstack(&stack, NULL) != 0) {
        perror("sigaltstack");
        exit(1);
    }
    // None of them interrupts the handler of another: what faults in there ends the process.
    struct sigaction action = {.sa_sigaction = on_fault,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND};
    sigfillset(&action.sa_mask);
    for (uint32_t at = 0; at < sizeof signals / sizeof *signals; at++) {
        sigaction(signals[at], &action, NULL);
    }
}
