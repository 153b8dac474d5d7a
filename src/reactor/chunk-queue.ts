import type { HeldMemory } from './held-memory.ts'

interface Queued {
  readonly chunk: Uint8Array
  /** What was left of it when it was looked at last: a chunk that has another length now is gone. */
  readonly bytes: number
  /** Where somebody keeps it still until it is let go of. */
  readonly held: HeldMemory | undefined
}

/**
 * Chunks that the kernel had no room for, in order, and how long each was when it was handed over:
 * a chunk that has another length by now lies in memory that was transferred or resized, and what
 * the client was to get is gone.
 */
export class ChunkQueue {
  #queued: Queued[] = []

  get chunks(): readonly Uint8Array[] {
    return this.#queued.map(({ chunk }) => chunk)
  }

  /** The first chunk that is not sent, and whose it is. */
  get first(): { readonly chunk: Uint8Array; readonly held: HeldMemory | undefined } | undefined {
    return this.#queued[0]
  }

  /** The chunks in front of the first that is held and has at least `heldBytes`. */
  chunksBefore(heldBytes: number): readonly Uint8Array[] {
    const end = this.#queued.findIndex(
      ({ held, bytes }) => held !== undefined && bytes >= heldBytes,
    )
    return end < 0 ? this.chunks : this.#queued.slice(0, end).map(({ chunk }) => chunk)
  }

  /** @param held is used for each of the chunks. */
  push(chunks: readonly Uint8Array[], held?: HeldMemory): void {
    const added = chunks.map((chunk) => ({ chunk, bytes: chunk.length, held }))
    for (const _ of added) held?.use()
    this.#queued = [...this.#queued, ...added]
  }

  /** Whether every chunk is as long as it was. */
  get isIntact(): boolean {
    return this.#queued.every(({ chunk, bytes }) => chunk.length === bytes)
  }

  /** Forgets the first `bytes` of an intact queue, and lets go of what is sent. */
  skip(bytes: number): void {
    let index = 0
    let skip = bytes
    while (index < this.#queued.length) {
      const { chunk, held } = this.#queued[index] as Queued
      if (skip < chunk.length) break
      skip -= chunk.length
      index++
      held?.letGo()
    }
    this.#queued = this.#queued.slice(index)
    const first = this.#queued[0]
    if (first === undefined || skip === 0) return
    const chunk = first.chunk.subarray(skip)
    this.#queued[0] = { chunk, bytes: chunk.length, held: first.held }
  }

  /** Forgets everything, and lets go of it. */
  clear(): void {
    for (const { held } of this.#queued) held?.letGo()
    this.#queued = []
  }
}

/** What is left of the chunks behind their first `bytes`. */
export function behind(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let index = 0
  let skip = bytes
  while (index < chunks.length && skip >= (chunks[index] as Uint8Array).length) {
    skip -= (chunks[index] as Uint8Array).length
    index++
  }
  const rest = chunks.slice(index)
  if (skip > 0) rest[0] = (rest[0] as Uint8Array).subarray(skip)
  return rest
}
