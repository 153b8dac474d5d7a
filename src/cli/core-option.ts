import type { BoardKind, CoreKind, FileCoreKind } from '../cores/core-kind.ts'
import { parseChoice } from './option-values.ts'

/** As `makeCoreRunner` knows them; where they run is loaded only with the server. */
const CORE_KINDS = ['hosted', 'virt', 'raspi3'] as const satisfies readonly FileCoreKind[]
/** As the folders of boards are called; whether there is one of that name, the server says. */
const BOARD = /^board:[a-z0-9-]+$/

export const CORE_SYNTAX = '--core <KIND>'

/** What the kinds are, for a sentence of help. */
export const CORE_KINDS_TOLD =
  'processes (hosted), bare metal on a board in QEMU (virt, raspi3), or other cores of this machine (board:NAME)'

/**
 * Reads what cores are to be.
 *
 * @throws {UsageError}
 */
export function parseCoreKind(text: string): CoreKind {
  if (BOARD.test(text)) return text as BoardKind
  return parseChoice('--core', [...CORE_KINDS, 'board:NAME'] as const)(text) as FileCoreKind
}
