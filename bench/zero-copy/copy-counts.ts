import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtProgram } from '../programs.ts'

/** Bytes, as `copy_counter.c` counts them, in the order of its `struct counts`. */
const COUNTS = [
  'receivedBytes',
  'sentBytes',
  'incomingBytes',
  'outgoingBytes',
  'otherBytes',
  'shortBytes',
  'regionBytes',
] as const

export type Counts = Readonly<Record<(typeof COUNTS)[number], number>>

/** What one process copies in user space. */
export class CopyCounts {
  readonly #folder = mkdtempSync(join(tmpdir(), 'carillon-copies-'))
  readonly #file = join(this.#folder, 'counts')

  constructor() {
    writeFileSync(this.#file, Buffer.alloc(COUNTS.length * BigUint64Array.BYTES_PER_ELEMENT))
  }

  /** The command, with its copies counted here; those of processes that it starts are not. */
  counted(command: readonly string[]): string[] {
    return [
      'env',
      `LD_PRELOAD=${builtProgram('copy_counter.so')}`,
      `CARILLON_COPY_COUNTS=${this.#file}`,
      ...command,
    ]
  }

  read(): Counts {
    const bytes = readFileSync(this.#file)
    const count = (index: number) => Number(bytes.readBigUInt64LE(index * 8))
    return Object.fromEntries(COUNTS.map((name, index) => [name, count(index)])) as Counts
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
