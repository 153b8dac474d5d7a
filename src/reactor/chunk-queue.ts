/**
 * Chunks that the kernel had no room for, in order, and how long each was when it was handed over:
 * a chunk that has another length by now lies in memory that was transferred or resized, and what
 * the client was to get is gone.
 */
export class ChunkQueue {
  #chunks: readonly Uint8Array[] = []
  #lengths: readonly number[] = []

  get chunks(): readonly Uint8Array[] {
    return this.#chunks
  }

  push(chunks: readonly Uint8Array[]): void {
    this.#chunks = [...this.#chunks, ...chunks]
    this.#lengths = [...this.#lengths, ...chunks.map(({ length }) => length)]
  }

  /** Whether every chunk is as long as it was. */
  get isIntact(): boolean {
    const lengths = this.#lengths
    return this.#chunks.every(({ length }, index) => length === lengths[index])
  }

  /** Forgets the first `bytes` of an intact queue. */
  skip(bytes: number): void {
    this.#chunks = behind(this.#chunks, bytes)
    this.#lengths = this.#chunks.map(({ length }) => length)
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
