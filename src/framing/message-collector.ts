import { checkInteger, checkOneOf } from '../arguments.ts'
import { MessageTooLargeError } from './errors.ts'
import type { FullMessageInfo } from './framing-strategy.ts'
import {
  DEFAULT_MAX_MESSAGE_BYTES,
  FIRST_ALLOCATION_BYTES,
  HIGHEST_MAX_MESSAGE_BYTES,
} from './limits.ts'

/** What every strategy that knows a message's size beforehand lets its user say. */
export interface SizeLimitOptions {
  /** Longest message, without its header: 1 to 2^30-1 bytes. Default 1 MiB. */
  readonly maxMessageBytes?: number
  /**
   * What an incoming message over the limit does. `close`, the default: an error, before any of it
   * is kept. `skip`: exactly that frame is discarded and counted, and the next one is read.
   */
  readonly onTooLarge?: 'close' | 'skip'
}

/**
 * Collects, or skips, the bytes of a message whose size is known: the part that strategies with a
 * size in front have in common.
 *
 * A size is only a promise, so memory follows what has arrived: a message that lies whole in a
 * chunk is allocated at once, any other starts at a page and doubles, up to its size. A client
 * that announces 1 MiB and sends nothing costs nothing, and one that stops half-way holds at most
 * twice what it sent. Moving the bytes at every doubling adds up to less than one more copy of the
 * message, a tenth of a millisecond for 1 MiB; allocating at once would let 10,000 connections of
 * five bytes each claim 10 GiB.
 */
export class MessageCollector {
  readonly maxMessageBytes: number
  /** Messages that were over the limit and discarded. */
  skippedMessages = 0
  /** Bytes of these that were discarded so far, headers not counted. */
  skippedBytes = 0

  readonly #skips: boolean
  #state: 'between messages' | 'collecting' | 'skipping' = 'between messages'
  #missingBytes = 0

  /** @throws {ArgumentError} where an option is out of its range. */
  constructor(options: SizeLimitOptions, highestMaxMessageBytes = HIGHEST_MAX_MESSAGE_BYTES) {
    const highest = Math.min(highestMaxMessageBytes, HIGHEST_MAX_MESSAGE_BYTES)
    const { maxMessageBytes = Math.min(DEFAULT_MAX_MESSAGE_BYTES, highest), onTooLarge = 'close' } =
      options
    this.maxMessageBytes = checkInteger('maxMessageBytes', maxMessageBytes, 1, highest)
    this.#skips = checkOneOf('onTooLarge', onTooLarge, ['close', 'skip']) === 'skip'
  }

  /** Whether the chunk's next byte belongs to a message that was begun. */
  get isInMessage(): boolean {
    return this.#state !== 'between messages'
  }

  /** Begins a message. False, with `info.error`, where it is over the limit and not to be skipped. */
  begin(messageBytes: number, info: FullMessageInfo): boolean {
    this.#missingBytes = messageBytes
    if (messageBytes <= this.maxMessageBytes) {
      this.#state = 'collecting'
      return true
    }
    if (this.#skips) {
      this.#state = 'skipping'
      this.skippedMessages++
      return true
    }
    info.error = new MessageTooLargeError(messageBytes, this.maxMessageBytes)
    return false
  }

  /** Takes what the chunk has of the message, from `position` on. Returns the position behind it. */
  take(chunk: Buffer, position: number, info: FullMessageInfo): number {
    const bytes = Math.min(this.#missingBytes, chunk.length - position)
    const end = position + bytes
    const isLast = bytes === this.#missingBytes
    if (this.#state === 'skipping') {
      this.skippedBytes += bytes
      info.discarded = isLast
    } else if (isLast && info.filledBytes === 0) {
      info.setWhole(chunk, position, end)
    } else {
      this.#collect(chunk, position, end, info)
    }
    this.#missingBytes -= bytes
    if (isLast) this.#state = 'between messages'
    return end
  }

  #collect(chunk: Buffer, start: number, end: number, info: FullMessageInfo): void {
    const filled = info.filledBytes + end - start
    if (info.buffer.length < filled) {
      // Never over the message's size, so a complete message fills its buffer exactly.
      const room = Math.max(FIRST_ALLOCATION_BYTES, 2 * filled)
      const messageBytes = info.filledBytes + this.#missingBytes
      const larger = Buffer.allocUnsafe(Math.min(messageBytes, room))
      info.buffer.copy(larger, 0, 0, info.filledBytes)
      info.buffer = larger
    }
    chunk.copy(info.buffer, info.filledBytes, start, end)
    info.filledBytes = filled
    info.complete = end - start === this.#missingBytes
  }
}
