// memcpy and memset in place of picolibc's, which go byte by byte: samples are copied by the one, and
// a core is zeroed by the other. For memory that is mapped as memory, where an access need not be
// aligned: so not before the MMU is on. Nor in an interrupt, which saves none of these registers.

#define DCZID_BYTES_64 4 // what DCZID_EL0 says where DC ZVA zeroes 64 bytes, and may be used

    .macro function name
    .section .text.\name, "ax"
    .balign 16
    .global \name
    .type \name, %function
\name:
    .endm

// void *memcpy(void *x0, const void *x1, size_t x2)
    function memcpy
    mov x3, x0
1:  subs x2, x2, #64
    b.lo 2f
    ldp q0, q1, [x1], #32
    ldp q2, q3, [x1], #32
    stp q0, q1, [x3], #32
    stp q2, q3, [x3], #32
    b 1b
2:  add x2, x2, #64
3:  subs x2, x2, #8
    b.lo 4f
    ldr x4, [x1], #8
    str x4, [x3], #8
    b 3b
4:  adds x2, x2, #8
    b.eq 6f
5:  ldrb w4, [x1], #1
    strb w4, [x3], #1
    subs x2, x2, #1
    b.ne 5b
6:  ret

// void *memset(void *x0, int x1, size_t x2)
    function memset
    mov x3, x0
    and w1, w1, #0xff
    // Whole cache lines of zeros need not be read first.
    orr x4, x0, x2
    ands x4, x4, #63
    ccmp w1, #0, #0, eq
    b.ne 2f
    mrs x4, dczid_el0
    cmp x4, #DCZID_BYTES_64
    b.ne 2f
    cbz x2, 7f
1:  dc zva, x3
    add x3, x3, #64
    subs x2, x2, #64
    b.ne 1b
    ret
2:  dup v0.16b, w1
3:  subs x2, x2, #32
    b.lo 4f
    stp q0, q0, [x3], #32
    b 3b
4:  adds x2, x2, #32
    b.eq 7f
6:  strb w1, [x3], #1
    subs x2, x2, #1
    b.ne 6b
7:  ret
