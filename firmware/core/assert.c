#include "core/assert.h"

#include "core/core.h"
#include "core/this_core.h"

_Noreturn void assert_failed(enum carillon_fault_kind kind, const char *file, uint32_t line,
                             const char *message)
{
    struct core *core = this_core();
    // The first one counts: one that fails while it is dealt with is only its consequence.
    if (core != NULL && core->failure.kind == CARILLON_FAULT_NONE) {
        core->failure = (struct failure){kind, file, line, message};
    }
    // Stored before the exception, whose handler reads it.
    __asm__ volatile("" ::: "memory");
    __builtin_trap();
}
