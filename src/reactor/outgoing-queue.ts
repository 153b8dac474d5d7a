/** One message: its chunks, as they were handed over. */
type Message = readonly Uint8Array[]

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

  push(message: Message, bytes: number): void {
    this.#messages.push(message)
    this.#bytes += bytes
  }

  /**
   * Takes out the oldest messages: as many as are together within both limits, and one at least.
   *
   * @returns their chunks. Empty where nothing waits.
   */
  take(bytesMax: number, chunksMax: number): Message {
    const first = this.#shift()
    if (first === undefined) return []
    let bytes = bytesOf(first)
    const batch = [...first]
    for (;;) {
      const next = this.#messages[this.#first]
      if (next === undefined) break
      const nextBytes = bytesOf(next)
      if (bytes + nextBytes > bytesMax || batch.length + next.length > chunksMax) break
      this.#shift()
      bytes += nextBytes
      batch.push(...next)
    }
    this.#bytes -= bytes
    return batch
  }

  /** Drops the oldest message. Returns its bytes, 0 where nothing waits. */
  dropOldest(): number {
    const oldest = this.#shift()
    if (oldest === undefined) return 0
    const bytes = bytesOf(oldest)
    this.#bytes -= bytes
    return bytes
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

export function bytesOf(chunks: Message): number {
  let bytes = 0
  for (const chunk of chunks) bytes += chunk.length
  return bytes
}
