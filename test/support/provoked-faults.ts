import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FaultKind } from '../../src/cores/fault-record.ts'
import { REPOSITORY } from './repository.ts'

/** Where they are, as the compiler is told it. */
export const PROVOKED_IN = 'faults/fault_effect.c'

/** Values of the parameter of the effect `fault`: `enum provoked` of firmware/faults/fault_effect.c. */
export const PROVOKE = {
  undefined: 0,
  read: 1,
  write: 2,
  jump: 3,
  stack: 4,
  assert: 5,
  serror: 6,
  interrupt: 7,
  again: 8,
  flood: 9,
  text: 10,
  divide: 11,
  abort: 12,
} as const

export type Provoked = keyof typeof PROVOKE

/** What a core calls each of those whose report it can write. */
export const KIND_OF: Readonly<Partial<Record<Provoked, FaultKind>>> = {
  undefined: 'undefined instruction',
  read: 'data abort',
  write: 'data abort',
  jump: 'prefetch abort',
  stack: 'stack overflow',
  assert: 'failed assertion',
  serror: 'SError',
  interrupt: 'unexpected interrupt',
  divide: 'arithmetic fault',
  abort: 'abort',
}

/** The lines that a report of it may name: those with the comment `FAULT: name`. */
export function linesOf(provoked: Provoked, file = PROVOKED_IN): number[] {
  const lines = readFileSync(join(REPOSITORY, 'firmware', file), 'utf8').split('\n')
  return lines.flatMap((line, index) => (line.endsWith(`// FAULT: ${provoked}`) ? [index + 1] : []))
}
