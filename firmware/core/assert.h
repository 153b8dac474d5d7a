// What the firmware takes for granted, looked at in every build. Not for what comes from the host or
// from memory that is shared with it: that may be anything, and is answered.
#ifndef CARILLON_CORE_ASSERT_H
#define CARILLON_CORE_ASSERT_H

#include <stdint.h>

#include "carillon/shared_mem.h"

// Where `condition` does not hold the core faults: the host learns of the file, the line and the
// condition, and the core is started again.
#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0)) {                                                   \
            assert_failed(CARILLON_FAULT_ASSERT, __FILE__, __LINE__, #condition);                  \
        }                                                                                          \
    } while (0)

// Why a core gave itself up. Zeroed where it has not.
struct failure {
    enum carillon_fault_kind kind;
    const char *file;
    uint32_t line;
    const char *message;
};

// Notes it and traps: what handles the exception finds the note.
_Noreturn void assert_failed(enum carillon_fault_kind kind, const char *file, uint32_t line,
                             const char *message);

#endif
