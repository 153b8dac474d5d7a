import type { FullMessageInfo } from '../framing/framing-strategy.ts'
import type { ClientSession } from './client-session.ts'

/**
 * What this thread is delivering. Events come from the loop, one at a time, whatever the number of
 * engines: so there is one of this, and a client of one engine knows what is lent by another's.
 */
class Delivery {
  /** Whose bytes are being read as messages, and so whose message a hook is handling. */
  source: ClientSession | undefined
  /** The chunk that is being read. Its memory may be used again as soon as that is done. */
  lentChunk: Buffer | undefined
  /** Of the client whose chunk it is, where messages are borrowed: where in it the message lies. */
  lentInfo: FullMessageInfo | undefined

  lend(chunk: Buffer, info: FullMessageInfo): void {
    this.lentChunk = chunk
    this.lentInfo = info.borrowed ? info : undefined
  }

  takeBack(): void {
    this.lentChunk = undefined
    this.lentInfo = undefined
  }

  /** The chunks, with a copy of each that lies in memory which is only lent. */
  own(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
    const memory = this.lentChunk?.buffer
    const isLent = (chunk: Uint8Array) => chunk.buffer === memory
    if (memory === undefined || !chunks.some(isLent)) return chunks
    return chunks.map((chunk) => (isLent(chunk) ? new Uint8Array(chunk) : chunk))
  }
}

export const delivery = new Delivery()
