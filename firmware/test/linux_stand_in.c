// What of Linux and its driver the firmware of a board needs, on core 0: it starts cores, rings them, and
// hears their bell. A program of the tests has the machine's memory mapped, asks here by a page of it,
// and rings and is rung by the UART. Without the MMU.
//
// test/support/stand-in-board.ts is the other side.
#include <stdint.h>

#include "board.h"

#define CORES 4u

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define BYTE(address) (*(volatile uint8_t *)(uintptr_t)(address))

// In the middle of the board's memory, where nothing else is.
#ifdef BOARD_GIC_DISTRIBUTOR
#define ASKED_PAGE 0x50000000u
#else
#define ASKED_PAGE 0x10000000u
#endif

// The page that both sides know: test/support/stand-in-board.ts has the same.
struct asked {
    volatile uint32_t start[8]; // counts the times that a core is to be started
    volatile uint64_t entry[8];
    volatile uint32_t ring[8];  // counts the bells for a core
    volatile uint32_t state[8]; // written here: 0 on, 1 off, 2 on its way on
    volatile uint32_t bells;    // written here: counts the bells of the cores
    volatile uint32_t looks;    // written here: counts the looks
};

static struct asked *const asked = (struct asked *)ASKED_PAGE;
static uint32_t started[CORES];
static uint32_t rung[CORES];

static void core_start(uint32_t core, uint64_t entry);
static void core_ring(uint32_t core);
static uint32_t core_state(uint32_t core);
static void machine_start(void);
static void machine_hear(void);

#ifdef BOARD_GIC_DISTRIBUTOR

#define UART 0x09000000u
#define UART_INTERRUPT 33u
#define GICD BOARD_GIC_DISTRIBUTOR
#define GICC BOARD_GIC_CPU_INTERFACE
#define CPU_ON_64 0xc4000003u
#define AFFINITY_INFO_64 0xc4000004u

static uint64_t psci(uint64_t function, uint64_t first, uint64_t second)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = first;
    register uint64_t x2 __asm__("x2") = second;
    register uint64_t x3 __asm__("x3") = 0;
    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    return x0;
}

static void core_start(uint32_t core, uint64_t entry)
{
    psci(CPU_ON_64, core, entry);
}

static void core_ring(uint32_t core)
{
    REGISTER(GICD + 0xf00u) = 1u << (16u + core) | BOARD_BELL_TO_CORE;
}

static uint32_t core_state(uint32_t core)
{
    return (uint32_t)psci(AFFINITY_INFO_64, core, 0);
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

static void machine_start(void)
{
    REGISTER(GICD) = 1;
    enable(UART_INTERRUPT, 0);
    enable(BOARD_BELL_TO_LINUX, 1);
    REGISTER(GICC + 4u) = 0xff;
    REGISTER(GICC) = 1;
}

static void machine_hear(void)
{
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

#else

#include "port/pi-zero-2w/parking.h"

#define UART 0x3f201000u
#define UART_INTERRUPT 57u
#define CONTROLLER 0x3f00b200u
#define MAILBOX_CONTROL (BOARD_LOCAL_CONTROLLER + 0x50u)
#define MAILBOX_SET (BOARD_LOCAL_CONTROLLER + 0x80u)
#define MAILBOX_CLEAR (BOARD_LOCAL_CONTROLLER + 0xc0u)
#define SPIN_TABLE 0xd8u

static struct parking_slot *const slots = (struct parking_slot *)BOARD_PARKING_PAGE;

static void core_start(uint32_t core, uint64_t entry)
{
    slots[core].entry = entry;
    core_ring(core);
}

static void core_ring(uint32_t core)
{
    __asm__ volatile("dsb sy" ::: "memory");
    REGISTER(MAILBOX_SET + 16u * core) = 1;
}

static uint32_t core_state(uint32_t core)
{
    return slots[core].state == PARKING_PARKED ? 1 : 0;
}

// Where the other cores wait at first: what a boot stub does.
__attribute__((used)) static void wait_in_slot(void)
{
    uint64_t core;
    __asm__("mrs %0, mpidr_el1" : "=r"(core));
    core &= 3u;
    struct parking_slot *slot = &slots[core];
    REGISTER(MAILBOX_CONTROL + 4u * core) = 1;
    slot->entry = 0;
    slot->state = PARKING_PARKED;
    while (slot->entry == 0) {
        __asm__ volatile("dsb sy\n\twfi" ::: "memory");
        REGISTER(MAILBOX_CLEAR + 16u * core) = UINT32_MAX;
        __asm__ volatile("dsb sy" ::: "memory");
    }
    void (*entry)(void) = (void (*)(void))(uintptr_t)slot->entry;
    slot->entry = 0;
    slot->state = 0;
    __asm__ volatile("dsb sy\n\tic iallu\n\tdsb sy\n\tisb" ::: "memory");
    entry();
}

void other_start(void);

static void machine_start(void)
{
    // The compiler takes a constant so low for a null pointer.
    uint64_t table = SPIN_TABLE;
    __asm__("" : "+r"(table));
    for (uint32_t core = 1; core < CORES; core++) {
        ((volatile uint64_t *)table)[core] = (uint64_t)(uintptr_t)other_start;
    }
    __asm__ volatile("dsb sy\n\tsev" ::: "memory");
    REGISTER(CONTROLLER + 0x10u) = 1u << BOARD_BELL_TO_LINUX;
    REGISTER(CONTROLLER + 0x14u) = 1u << (UART_INTERRUPT - 32u);
}

static void machine_hear(void)
{
    if ((REGISTER(CONTROLLER + 0x04u) & 1u << BOARD_BELL_TO_LINUX) != 0) {
        REGISTER(BOARD_SYSTEM_TIMER) = 1u << BOARD_BELL_TO_LINUX;
        asked->bells++;
    }
    if ((REGISTER(CONTROLLER + 0x08u) & 1u << (UART_INTERRUPT - 32u)) != 0) {
        (void)REGISTER(UART);
    }
}

__asm__(".pushsection .text, \"ax\"\n"
        ".global other_start\n"
        "other_start: msr daifset, #0xf\n"
        "mrs x1, mpidr_el1\n"
        "and x1, x1, #3\n"
        "add x1, x1, #1\n"
        "adrp x0, stacks\n"
        "add x0, x0, :lo12:stacks\n"
        "add x0, x0, x1, lsl #12\n"
        "mov sp, x0\n"
        "b wait_in_slot\n"
        ".popsection\n");

#endif

static void look(void)
{
    for (uint32_t core = 1; core < CORES; core++) {
        uint32_t start = asked->start[core];
        if (start != started[core]) {
            started[core] = start;
            __asm__ volatile("dsb sy" ::: "memory");
            core_start(core, asked->entry[core]);
        }
        uint32_t ring = asked->ring[core];
        if (ring != rung[core]) {
            rung[core] = ring;
            __asm__ volatile("dsb sy" ::: "memory");
            core_ring(core);
        }
        asked->state[core] = core_state(core);
    }
    __asm__ volatile("dsb sy" ::: "memory");
    asked->looks++;
}

__attribute__((used)) static void run(void)
{
    REGISTER(UART + 0x2cu) = 3u << 5;      // bytes, no FIFO
    REGISTER(UART + 0x38u) = 1u << 4;      // received
    REGISTER(UART + 0x30u) = 1u | 3u << 8; // on
    machine_start();
    for (;;) {
        look();
        REGISTER(UART) = 0; // it has looked, or a core has rung
        __asm__ volatile("dsb sy\n\twfi" ::: "memory");
        machine_hear();
    }
}

__attribute__((used)) static _Alignas(4096) unsigned char stacks[CORES][4096];

// Where the image begins: the linker puts this section first. Interrupts stay masked: what is pending
// ends the sleep.
__asm__(".pushsection .text.unlikely, \"ax\"\n"
        ".global _start\n"
        "_start: msr daifset, #0xf\n"
        "adrp x0, stacks\n"
        "add x0, x0, :lo12:stacks\n"
        "add sp, x0, #4096\n"
        "b run\n"
        ".popsection\n");
