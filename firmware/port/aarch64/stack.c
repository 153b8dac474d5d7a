#include "port/aarch64/stack.h"

#include "port/aarch64/stack_paint.h"

// Of the linker script.
extern volatile uint64_t stacks_start[];
extern unsigned char STACK_GUARD_BYTES[], STACK_STRIDE[]; // their addresses are the values

static uint32_t value(const unsigned char *of)
{
    return (uint32_t)(uintptr_t)of;
}

uint32_t stack_bytes(void)
{
    return value(STACK_STRIDE) - value(STACK_GUARD_BYTES);
}

uint32_t stack_used_bytes(uint32_t core)
{
    const volatile uint64_t *end =
        stacks_start + (core + 1u) * value(STACK_STRIDE) / sizeof(uint64_t);
    const volatile uint64_t *at = end - stack_bytes() / sizeof(uint64_t);
    while (at < end && *at == STACK_PAINT) {
        at++;
    }
    return (uint32_t)((uintptr_t)end - (uintptr_t)at);
}
