import { ArgumentError } from '../errors.ts'
import { LIMITS, RECORD_FLAG } from './shared-mem.ts'
import type { RingRecord, SpscRingConsumer } from './spsc-ring-consumer.ts'

/** The longest message that is put together unless the caller chooses, in bytes. */
export const DEFAULT_MESSAGE_BYTES_MAX = 1024 * 1024

/** A message. The same object for every one of a reader. */
export interface RingMessage {
  type: number
  stream: number
  sequence: number
  /** Where its bytes lie, valid until the reader returns: in the ring's {@link SpscRingConsumer.bytes}, or put together beside them. */
  bytes: Uint8Array
  offset: number
  length: number
}

export interface RingMessageReaderOptions {
  /**
   * The longest message of several records, in bytes: 1 to {@link LIMITS.MESSAGE_BYTES_MAX}. Default
   * {@link DEFAULT_MESSAGE_BYTES_MAX}.
   */
  readonly messageBytesMax?: number
}

export interface RingMessageStats {
  readonly messages: number
  /** Messages that were longer than `messageBytesMax` and were passed over. */
  readonly tooLong: number
  /** Messages of which a piece did not come, and which were passed over. */
  readonly broken: number
}

/**
 * Reads the messages that a {@link RingMessageWriter} or `firmware/core/ring_message.c` writes. A
 * message of one record is handed over where it lies; one of several is put together first.
 */
export class RingMessageReader {
  readonly #ring: SpscRingConsumer
  readonly #messageBytesMax: number
  readonly #message: RingMessage
  #reader: (message: RingMessage) => boolean | undefined = () => undefined
  /** Grows with the longest message. */
  #joined = new Uint8Array(0)
  #joinedBytes = 0
  #isJoining = false
  #isTooLong = false
  #messages = 0
  #tooLong = 0
  #broken = 0

  /** @throws {ArgumentError} where `messageBytesMax` is out of range. */
  constructor(ring: SpscRingConsumer, options: RingMessageReaderOptions = {}) {
    const { messageBytesMax = DEFAULT_MESSAGE_BYTES_MAX } = options
    const isInRange = messageBytesMax >= 1 && messageBytesMax <= LIMITS.MESSAGE_BYTES_MAX
    if (!(Number.isInteger(messageBytesMax) && isInRange)) {
      throw new ArgumentError(
        `messageBytesMax is 1 to ${LIMITS.MESSAGE_BYTES_MAX}, not ${messageBytesMax}`,
      )
    }
    this.#ring = ring
    this.#messageBytesMax = messageBytesMax
    this.#message = { type: 0, stream: 0, sequence: 0, bytes: ring.bytes, offset: 0, length: 0 }
  }

  get stats(): RingMessageStats {
    return { messages: this.#messages, tooLong: this.#tooLong, broken: this.#broken }
  }

  /**
   * Hands the messages that are whole to `reader`, of at most `limit` records. A message during which
   * `reader` throws is consumed too, and so is one for which it returns false, which makes it the
   * last.
   *
   * @returns how many records there were.
   * @throws {RingError} where the ring is damaged.
   * @throws {ArgumentError} where `limit` is no number from 0 on.
   */
  read(reader: (message: RingMessage) => boolean | undefined, limit: number): number {
    this.#reader = reader
    return this.#ring.read(this.#take, limit)
  }

  /** Forgets what has come of a message, as after a `reset` of the ring. */
  reset(): void {
    if (this.#isJoining) this.#broken++
    this.#isJoining = false
  }

  readonly #take = (record: RingRecord): boolean | undefined => {
    const isContinued = (record.flags & RECORD_FLAG.CONTINUED) !== 0
    const hasMore = (record.flags & RECORD_FLAG.MORE) !== 0
    if (this.#isJoining && !(isContinued && this.#belongs(record))) this.reset()
    if (isContinued && !this.#isJoining) {
      // Once, however many pieces are left of it.
      if (!hasMore) this.#broken++
      return undefined
    }
    if (!isContinued && !hasMore)
      return this.#tell(record, this.#ring.bytes, record.offset, record.length)
    if (!isContinued) this.#begin(record)
    this.#add(record)
    if (hasMore) return undefined
    this.#isJoining = false
    if (!this.#isTooLong) return this.#tell(record, this.#joined, 0, this.#joinedBytes)
    this.#tooLong++
    return undefined
  }

  #belongs({ type, stream, sequence }: RingRecord): boolean {
    const message = this.#message
    return type === message.type && stream === message.stream && sequence === message.sequence
  }

  #begin({ type, stream, sequence }: RingRecord): void {
    Object.assign(this.#message, { type, stream, sequence })
    this.#isJoining = true
    this.#isTooLong = false
    this.#joinedBytes = 0
  }

  #add({ offset, length }: RingRecord): void {
    const bytes = this.#joinedBytes + length
    if (this.#isTooLong || bytes > this.#messageBytesMax) {
      this.#isTooLong = true
      return
    }
    if (bytes > this.#joined.byteLength) this.#grow(bytes)
    this.#joined.set(this.#ring.bytes.subarray(offset, offset + length), this.#joinedBytes)
    this.#joinedBytes = bytes
  }

  #grow(bytes: number): void {
    const grown = new Uint8Array(
      Math.min(this.#messageBytesMax, Math.max(bytes, 2 * this.#joined.byteLength)),
    )
    grown.set(this.#joined.subarray(0, this.#joinedBytes))
    this.#joined = grown
  }

  #tell(
    { type, stream, sequence }: RingRecord,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): boolean | undefined {
    this.#messages++
    const message = this.#message
    message.type = type
    message.stream = stream
    message.sequence = sequence
    message.bytes = bytes
    message.offset = offset
    message.length = length
    return this.#reader(message)
  }
}
