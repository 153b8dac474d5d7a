// What of Linux and its driver the firmware of a board needs, on core 0 of QEMU's board `virt`: it starts
// cores, rings them, and hears their bell. A program of the tests has the machine's memory mapped, asks
// here by a page of it, and rings and is rung by the UART. Without the MMU.
//
// test/support/stand-in-board.ts is the other side.
#include <stdint.h>

#include "board.h"

#define CORES_MAX 8u

// The page that both sides know: test/support/stand-in-board.ts has the same.
#define ASKED_PAGE 0x50000000u

struct asked {
    volatile uint32_t start[CORES_MAX]; // counts the times that a core is to be started
    volatile uint64_t entry[CORES_MAX];
    volatile uint32_t ring[CORES_MAX];  // counts the bells for a core
    volatile uint32_t state[CORES_MAX]; // written here: what AFFINITY_INFO says
    volatile uint32_t bells;            // written here: counts the bells of the cores
    volatile uint32_t looks;            // written here: counts the looks
};

#define UART 0x09000000u
#define UART_INTERRUPT 33u
#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define BYTE(address) (*(volatile uint8_t *)(uintptr_t)(address))
#define GICD BOARD_GIC_DISTRIBUTOR
#define GICC BOARD_GIC_CPU_INTERFACE

#define CPU_ON_64 0xc4000003u
#define AFFINITY_INFO_64 0xc4000004u

static struct asked *const asked = (struct asked *)ASKED_PAGE;
static uint32_t started[CORES_MAX];
static uint32_t rung[CORES_MAX];

static uint64_t psci(uint64_t function, uint64_t first, uint64_t second)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = first;
    register uint64_t x2 __asm__("x2") = second;
    register uint64_t x3 __asm__("x3") = 0;
    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    return x0;
}

static void enable(uint32_t interrupt, uint32_t edge)
{
    BYTE(GICD + 0x400u + interrupt) = 0x80;
    BYTE(GICD + 0x800u + interrupt) = 1; // to this core
    uint32_t configuration = GICD + 0xc00u + interrupt / 16u * 4u;
    uint32_t bit = 2u << interrupt % 16u * 2u;
    REGISTER(configuration) = (REGISTER(configuration) & ~bit) | (edge ? bit : 0);
    REGISTER(GICD + 0x100u + interrupt / 32u * 4u) = 1u << interrupt % 32u;
}

static void look(void)
{
    for (uint32_t core = 1; core < CORES_MAX; core++) {
        uint32_t start = asked->start[core];
        if (start != started[core]) {
            started[core] = start;
            __asm__ volatile("dsb sy" ::: "memory");
            psci(CPU_ON_64, core, asked->entry[core]);
        }
        uint32_t ring = asked->ring[core];
        if (ring != rung[core]) {
            rung[core] = ring;
            __asm__ volatile("dsb sy" ::: "memory");
            REGISTER(GICD + 0xf00u) = 1u << (16u + core) | BOARD_BELL_TO_CORE;
        }
        asked->state[core] = (uint32_t)psci(AFFINITY_INFO_64, core, 0);
    }
    __asm__ volatile("dsb sy" ::: "memory");
    asked->looks++;
}

__attribute__((used)) static void run(void)
{
    REGISTER(UART + 0x2cu) = 3u << 5;          // bytes, no FIFO
    REGISTER(UART + 0x38u) = 1u << 4;          // received
    REGISTER(UART + 0x30u) = 1u | 3u << 8;     // on
    REGISTER(GICD) = 1;
    enable(UART_INTERRUPT, 0);
    enable(BOARD_BELL_TO_LINUX, 1);
    REGISTER(GICC + 4u) = 0xff;
    REGISTER(GICC) = 1;
    for (;;) {
        look();
        REGISTER(UART) = 0; // it has looked, or a core has rung
        __asm__ volatile("dsb sy\n\twfi" ::: "memory");
        uint32_t acknowledged = REGISTER(GICC + 0xcu);
        uint32_t interrupt = acknowledged & 0x3ffu;
        if (interrupt == UART_INTERRUPT) {
            (void)REGISTER(UART);
        } else if (interrupt == BOARD_BELL_TO_LINUX) {
            asked->bells++;
        }
        if (interrupt < 1020u) {
            REGISTER(GICC + 0x10u) = acknowledged;
        }
    }
}

__attribute__((used)) static _Alignas(16) unsigned char stack[4096];

// Interrupts stay masked: what is pending ends the sleep.
__asm__(".pushsection .text.start, \"ax\"\n"
        ".global _start\n"
        "_start: msr daifset, #0xf\n"
        "adrp x0, stack\n"
        "add x0, x0, :lo12:stack\n"
        "add sp, x0, #4096\n"
        "b run\n"
        ".popsection\n");
