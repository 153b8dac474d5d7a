type Chunks = readonly Uint8Array[]

/** One message: its chunks, as they were handed over, and the bytes that these had then. */
interface Message {
  readonly chunks: Chunks
  readonly bytes: number
  /** Called when nothing is read from the chunks any more, where somebody keeps them still until then. */
  readonly release: (() => void) | undefined
}

/**
 * Messages that wait to be handed to a connection, whole and in order. What is taken out at the
 * front is let go of at once, and its place in the array when half of the array is such places.
 */
export class OutgoingQueue {
  #messages: (Message | undefined)[] = []
  #first = 0
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  get length(): number {
    return this.#messages.length - this.#first
  }

  push(chunks: Chunks, bytes: number, release?: () => void): void {
    this.#messages.push({ chunks, bytes, release })
    this.#bytes += bytes
  }

  /** Takes out the oldest message, where it has a `release`, which is the caller's then, and is intact. */
  takeHeld(): { readonly chunks: Chunks; readonly release: () => void } | undefined {
    const first = this.#messages[this.#first]
    if (first?.release === undefined || !isIntact(first)) return undefined
    this.#shift()
    this.#bytes -= first.bytes
    return { chunks: first.chunks, release: first.release }
  }

  /**
   * Takes out the oldest messages: as many as are together within both limits, and one at least, up
   * to one that has a `release`.
   *
   * @returns their chunks: none where nothing waits. Undefined, and nothing is taken out, where the
   *   oldest message is not what it was: its memory was transferred or resized.
   */
  take(bytesMax: number, chunksMax: number): Chunks | undefined {
    const first = this.#messages[this.#first]
    if (first === undefined) return []
    if (!isIntact(first)) return undefined
    this.#shift()
    let { bytes } = first
    const batch = [...first.chunks]
    for (;;) {
      const next = this.#messages[this.#first]
      if (next === undefined || next.release !== undefined || !isIntact(next)) break
      if (bytes + next.bytes > bytesMax || batch.length + next.chunks.length > chunksMax) break
      this.#shift()
      bytes += next.bytes
      for (const chunk of next.chunks) batch.push(chunk)
    }
    this.#bytes -= bytes
    return batch
  }

  /** Drops the oldest message, and releases it. Returns its bytes, 0 where nothing waits. */
  dropOldest(): number {
    const oldest = this.#shift()
    if (oldest === undefined) return 0
    this.#bytes -= oldest.bytes
    oldest.release?.()
    return oldest.bytes
  }

  /** Drops everything. */
  clear(): void {
    while (this.length > 0) this.dropOldest()
  }

  #shift(): Message | undefined {
    const message = this.#messages[this.#first]
    if (message === undefined) return undefined
    this.#messages[this.#first++] = undefined
    if (this.#first * 2 >= this.#messages.length) {
      this.#messages = this.#messages.slice(this.#first)
      this.#first = 0
    }
    return message
  }
}

function isIntact({ chunks, bytes }: Message): boolean {
  return bytesOf(chunks) === bytes
}

export function bytesOf(chunks: Chunks): number {
  let bytes = 0
  for (const chunk of chunks) bytes += chunk.length
  return bytes
}
