// The stacks of the cores: image.ld has them, and boot.S paints them.
#ifndef CARILLON_AARCH64_STACK_H
#define CARILLON_AARCH64_STACK_H

#include <stdint.h>

// Of each core.
uint32_t stack_bytes(void);

// The most of this core's stack that was ever in use, as far as the paint tells: what was left out of
// a frame at the very end counts as unused. Takes some microseconds.
uint32_t stack_used_bytes(uint32_t core);

#endif
