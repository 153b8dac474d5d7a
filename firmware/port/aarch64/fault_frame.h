// What fault_entry saves of a core, at the start of a page of its own that is the handler's stack.
#ifndef CARILLON_AARCH64_FAULT_FRAME_H
#define CARILLON_AARCH64_FAULT_FRAME_H

#define FAULT_PAGE_SHIFT 12
#define FAULT_PAGE_BYTES (1 << FAULT_PAGE_SHIFT)
#define FAULT_FRAME_X30 240

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct fault_frame {
    uint64_t registers[31]; // x0 to x30
    uint64_t sp;
};
_Static_assert(offsetof(struct fault_frame, registers[30]) == FAULT_FRAME_X30, "x30, then sp");

#endif
#endif
