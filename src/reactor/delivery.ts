import type { ClientSession } from './client-session.ts'

/**
 * What this thread is delivering. Events come from the loop, one at a time, whatever the number of
 * engines: so there is one of this, and a client of one engine knows what is lent by another's.
 */
class Delivery {
  /** Whose message is being handled: from the call of `onClientMessage` until it returns. */
  source: ClientSession | undefined
  /** The chunk that is being read. Its memory may be used again as soon as that is done. */
  lentChunk: Buffer | undefined
  /** Where it lies: slow to ask a Buffer for, so that is done once a chunk. */
  lentMemory: ArrayBufferLike | undefined
  /** The message that is being handled, where it lies whole in that chunk, and where. */
  lentMessage: Uint8Array | undefined
  lentStart = 0

  lend(chunk: Buffer | undefined): void {
    this.lentChunk = chunk
    this.lentMemory = chunk?.buffer
  }

  /** The chunks, with a copy of each that lies in memory which is only lent. */
  own(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
    if (this.lentMemory === undefined || !chunks.some(this.#isLent)) return chunks
    return chunks.map((chunk) => (this.#isLent(chunk) ? new Uint8Array(chunk) : chunk))
  }

  readonly #isLent = (chunk: Uint8Array) => chunk.buffer === this.lentMemory
}

export const delivery = new Delivery()
