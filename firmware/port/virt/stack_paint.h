// What an unused stack is full of: for C and assembly.
#ifndef CARILLON_VIRT_STACK_PAINT_H
#define CARILLON_VIRT_STACK_PAINT_H

#define STACK_PAINT 0x51ac6ed051ac6ed0 // "stack": what of a stack still has it was never used

#endif
