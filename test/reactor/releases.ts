import { Conditions } from './conditions.ts'
import { pattern } from './recording-engine.ts'
import { nextTurn } from './suite/stage.ts'

const POISON = 0xdb

/** Blocks of memory that are overwritten as soon as they are released, and how often each was. */
export class Releases extends Conditions {
  readonly counts: number[] = []

  get released(): number {
    return this.counts.filter((count) => count > 0).length
  }

  /** A new block, with a pattern in it, and what to be told of its release. */
  block(bytes: number, memory: Uint8Array = new Uint8Array(bytes)): [Uint8Array, () => void] {
    memory.set(pattern(bytes))
    return [memory, this.expect(memory)]
  }

  /** What to be told of a release. */
  expect(...memory: Uint8Array[]): () => void {
    const index = this.counts.push(0) - 1
    return () => {
      this.counts[index] = (this.counts[index] as number) + 1
      for (const chunk of memory) chunk.fill(POISON)
      this.changed()
    }
  }

  /** Resolves when all are released. Rejects where one is more than once. */
  async untilAll(): Promise<void> {
    await this.until(() => this.released === this.counts.length)
    for (let turn = 0; turn < 5; turn++) await nextTurn()
    if (this.counts.some((count) => count !== 1)) throw new Error(`released ${this.counts} times`)
  }
}
