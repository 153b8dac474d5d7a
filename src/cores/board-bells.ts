import type { BoardDescription } from './board-description.ts'
import { BOARD_LIMITS } from './board-limits.ts'

const { PAGE_BYTES } = BOARD_LIMITS

/** In a GICv2's distributor: GICD_SGIR. */
const GICD_SGIR = 0xf00
/** In it, a bit for each core. */
const SGIR_TARGETS_SHIFT = 16

/** In a BCM2836's registers: what is written there is added to a core's mailbox, of which each has four. */
const MAILBOX_SET = 0x80
const MAILBOXES = 4

/** A register, and what to write there. */
export interface BellRegister {
  /** In its page, in bytes. */
  readonly offset: number
  readonly value: number
}

/** The physical address of the page of registers by which Linux rings the cores. */
export function bellPage({ interrupts }: BoardDescription): number {
  return interrupts.controller === 'gicv2' ? interrupts.distributor : interrupts.registers
}

/**
 * What rings a core.
 *
 * @param number of the core, as the processor has it.
 */
export function bellRegister({ bells }: BoardDescription, number: number): BellRegister {
  const { toCore } = bells
  if (toCore.kind === 'sgi') {
    return { offset: GICD_SGIR, value: (1 << (SGIR_TARGETS_SHIFT + number)) | toCore.number }
  }
  return { offset: MAILBOX_SET + 4 * (MAILBOXES * number + toCore.number), value: 1 }
}

/** Rings cores by their registers. */
export class BellRegisters {
  readonly #board: BoardDescription
  readonly #words: Int32Array

  /** @param page the mapped {@link bellPage}. */
  constructor(board: BoardDescription, page: Uint8Array) {
    this.#board = board
    this.#words = new Int32Array(page.buffer, page.byteOffset, PAGE_BYTES / 4)
  }

  /** @param number of the core, as the processor has it. */
  ring(number: number): void {
    const { offset, value } = bellRegister(this.#board, number)
    // Release: what was stored before is seen by the core that this interrupts.
    if (this.#words.length > 0) Atomics.store(this.#words, offset / 4, value)
  }
}
