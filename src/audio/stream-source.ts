import type { Readable } from 'node:stream'
import { cannotRead } from './errors.ts'
import type { WavSource } from './wav-source.ts'

const NOTHING = Buffer.alloc(0)

/** A pipe: read once, from its start on, and nobody knows how long it is before it ends. */
export class StreamSource implements WavSource {
  readonly name: string
  readonly isSeekable = false
  /** Samples may be played by hand at the other end: what is there is used. */
  readonly readAheadBytes = 0
  readonly #stream: Readable
  readonly #chunks: AsyncIterator<Buffer>
  /** The rest of the last chunk. */
  #rest: Buffer = NOTHING
  /** Of the next byte. */
  #offset = 0
  #hasEnded = false

  /** @param name for sentences. */
  constructor(stream: Readable, name: string) {
    this.name = name
    this.#stream = stream
    this.#chunks = stream[Symbol.asyncIterator]()
  }

  get sizeBytes(): number {
    return this.#hasEnded ? this.#offset + this.#rest.length : Number.POSITIVE_INFINITY
  }

  async read(offset: number, bytes: number): Promise<Buffer> {
    while (this.#offset < offset && (await this.#isMore())) this.#take(offset - this.#offset)
    const pieces: Buffer[] = []
    let missing = bytes
    while (missing > 0 && (await this.#isMore())) {
      const piece = this.#take(missing)
      pieces.push(piece)
      missing -= piece.length
    }
    const [first = NOTHING] = pieces
    return pieces.length > 1 ? Buffer.concat(pieces) : first
  }

  /** Whoever still writes into it is told that nobody reads any more. */
  async close(): Promise<void> {
    this.#stream.destroy()
  }

  #take(most: number): Buffer {
    const piece = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(piece.length)
    this.#offset += piece.length
    return piece
  }

  async #isMore(): Promise<boolean> {
    while (this.#rest.length === 0 && !this.#hasEnded) {
      const next = await this.#chunks.next().catch((error: unknown) => {
        throw cannotRead(this.name, error)
      })
      if (next.done === true) this.#hasEnded = true
      else this.#rest = next.value
    }
    return this.#rest.length > 0
  }
}
