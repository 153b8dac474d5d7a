#include "port/aarch64/doorbell.h"

#include <stddef.h>

#include "machine.h"
#include "port/aarch64/lock.h"
#include "port/alone/uart.h"

// The registers of a PL011 as its manual (DDI 0183) names them in the comments.
struct uart {
    volatile uint32_t data; // UARTDR: a byte, above it what was wrong with it
    uint32_t unused0[5];
    volatile uint32_t flags; // UARTFR
    uint32_t unused1[4];
    volatile uint32_t line_control;    // UARTLCR_H
    volatile uint32_t control;         // UARTCR
    volatile uint32_t fifo_levels;     // UARTIFLS
    volatile uint32_t interrupt_mask;  // UARTIMSC: set bits let through
    uint32_t unused2[2];
    volatile uint32_t interrupt_clear; // UARTICR
};
_Static_assert(offsetof(struct uart, flags) == 0x18, "UARTFR");
_Static_assert(offsetof(struct uart, line_control) == 0x2c, "UARTLCR_H");
_Static_assert(offsetof(struct uart, interrupt_clear) == 0x44, "UARTICR");

#define FLAG_NOTHING_RECEIVED (1u << 4) // RXFE
#define FLAG_CANNOT_SEND (1u << 5)      // TXFF
#define LINE_8_BITS (3u << 5)           // WLEN
#define LINE_FIFOS (1u << 4)            // FEN: 16 bells in a row are not lost
#define CONTROL_ON (1u | 1u << 8 | 1u << 9) // UARTEN, TXE, RXE
#define LEVEL_LOWEST 0u
#define RECEIVED (1u << 4)              // RXIM: as many as the level says
#define RECEIVED_FEWER (1u << 6)        // RTIM: fewer, but some time ago
#define ALL_INTERRUPTS 0x7ffu
// Far longer than another core needs for its byte.
#define TRIES_MAX 100000u
#define DATA_ERRORS 0xf00u              // overrun, break, parity, framing

static struct uart *const uart = (struct uart *)UART;
static struct lock sending;

void uart_start(void)
{
    // Neither rate nor clock is set: the other end is a socket.
    uart->control = 0;
    uart->line_control = LINE_8_BITS | LINE_FIFOS;
    uart->fifo_levels = LEVEL_LOWEST;
    uart->interrupt_clear = ALL_INTERRUPTS;
    uart->interrupt_mask = RECEIVED | RECEIVED_FEWER;
    uart->control = CONTROL_ON;
}

uint32_t uart_hear(void)
{
    // First, so that what comes while the bytes are read interrupts again.
    uart->interrupt_clear = RECEIVED | RECEIVED_FEWER;
    uint32_t cores = 0;
    while ((uart->flags & FLAG_NOTHING_RECEIVED) == 0) {
        uint32_t data = uart->data;
        // A damaged byte was a bell, and nobody knows for whom.
        cores |= (data & DATA_ERRORS) != 0 ? UINT32_MAX : data;
    }
    return cores & ((1u << CORES) - 1u);
}

void doorbell_ring(uint32_t core)
{
    // What the host shall find is in memory before the bell: a store to a device is not in order
    // with it by itself.
    __asm__ volatile("dsb sy" ::: "memory");
    // Between the look for room and the byte nobody else may fill it.
    uint64_t mask = lock_take(&sending);
    while ((uart->flags & FLAG_CANNOT_SEND) != 0) {
    }
    uart->data = 1u << core;
    lock_give(&sending, mask);
}

void doorbell_try_ring(uint32_t core)
{
    // As above.
    __asm__ volatile("dsb sy" ::: "memory");
    uint64_t mask;
    if (!lock_try(&sending, TRIES_MAX, &mask)) {
        return;
    }
    for (uint32_t tries = 0; tries < TRIES_MAX; tries++) {
        if ((uart->flags & FLAG_CANNOT_SEND) == 0) {
            uart->data = 1u << core;
            break;
        }
    }
    lock_give(&sending, mask);
}
