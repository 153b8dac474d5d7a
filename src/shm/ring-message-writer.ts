import { checkBytes, checkInteger } from '../arguments.ts'
import { ArgumentError } from '../errors.ts'
import { LIMITS, RECORD_FLAG } from './shared-mem.ts'
import type { SpscRingProducer } from './spsc-ring-producer.ts'

/**
 * Writes messages of any length to a ring of records: what is longer than a record goes in several,
 * one behind the other, which a {@link RingMessageReader} puts together again.
 *
 * All records of a message have its type, stream and sequence; every one but the last is flagged
 * MORE, and every one but the first CONTINUED. Nothing else is written to the ring meanwhile.
 */
export class RingMessageWriter {
  readonly #ring: SpscRingProducer
  #rest: Uint8Array | undefined
  #restBytes = 0
  #type = 0
  #stream = 0
  #sequence = 0
  #isContinued = false

  constructor(ring: SpscRingProducer) {
    this.#ring = ring
  }

  /** Whether a message is under way. */
  get isBusy(): boolean {
    return this.#rest !== undefined
  }

  /**
   * Begins a message and goes on with it as far as there is room. Its bytes stay as they are until
   * it is whole.
   *
   * @returns whether it is whole; else see {@link resume}.
   * @throws {ArgumentError} where one is under way, the message is no Uint8Array or longer than
   *   {@link LIMITS.MESSAGE_BYTES_MAX}, or its type is out of range.
   */
  write(type: number, stream: number, sequence: number, message: Uint8Array): boolean {
    if (this.isBusy) throw new ArgumentError('the message before is not whole')
    if (checkBytes('a message', message).length > LIMITS.MESSAGE_BYTES_MAX) {
      throw new ArgumentError(
        `a message is at most ${LIMITS.MESSAGE_BYTES_MAX} bytes, not ${message.byteLength}`,
      )
    }
    checkInteger("a message's type", type, 1, 0xffff)
    this.#type = type
    this.#stream = stream
    this.#sequence = sequence
    this.#rest = message
    this.#restBytes = message.length
    this.#isContinued = false
    return this.resume()
  }

  /**
   * Goes on with the message that is under way.
   *
   * @returns whether it is whole. Where not, the consumer has to make room, which it can once what is
   *   committed has been published.
   * @throws {ArgumentError} where the message was transferred or resized meanwhile: `abandon` it.
   */
  resume(): boolean {
    while (this.#rest !== undefined) {
      const rest = this.#rest
      // Else the reader would take what has come of it for all of it.
      if (rest.length !== this.#restBytes) {
        throw new ArgumentError(
          `the message that is under way was transferred or resized: of its last ${this.#restBytes} bytes there are ${rest.length}`,
        )
      }
      const length = Math.min(rest.byteLength, this.#ring.payloadBytesMax)
      if (this.#ring.claim(length) < 0) return false
      this.#ring.fill(rest.subarray(0, length))
      const hasMore = length < rest.byteLength
      const flags =
        (this.#isContinued ? RECORD_FLAG.CONTINUED : 0) | (hasMore ? RECORD_FLAG.MORE : 0)
      this.#ring.commit(this.#type, this.#stream, this.#sequence, flags)
      this.#isContinued = true
      this.#rest = hasMore ? rest.subarray(length) : undefined
      this.#restBytes -= length
    }
    return true
  }

  /** Forgets the message that is under way, as after a `reset` of the ring. Its reader counts it. */
  abandon(): void {
    this.#rest = undefined
  }
}
