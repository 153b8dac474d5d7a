import type { FullMessageInfo } from './framing-strategy.ts'
import { LimitedStrategy } from './limited-strategy.ts'
import { appendBytes } from './message-pieces.ts'

/**
 * A strategy that knows a message's size from what stands in front of it, and then collects or
 * skips so many bytes. Its subclass reads what stands in front.
 */
export abstract class PrefixedStrategy extends LimitedStrategy {
  readonly leavesUnfinished = true
  #state: 'between messages' | 'collecting' | 'skipping' = 'between messages'
  /** Of the body's beginning, still to be thrown away. */
  #unwantedBytes = 0
  #missingBytes = 0

  /** @throws {CarillonError} where the message does not fit the frame. */
  abstract encode(message: Uint8Array): Uint8Array[]

  /** Whether the chunk's next byte belongs to a message that was begun. */
  protected get isInMessage(): boolean {
    return this.#state !== 'between messages'
  }

  /**
   * Begins a message, behind `unwantedBytes` that are no part of it. False, with `info.error`, where
   * it is over the limit and not to be skipped.
   */
  protected begin(messageBytes: number, info: FullMessageInfo, unwantedBytes = 0): boolean {
    this.#missingBytes = messageBytes
    this.#unwantedBytes = unwantedBytes
    if (messageBytes <= this.maxMessageBytes) this.#state = 'collecting'
    else if (this.skipTooLarge(messageBytes, info)) this.#state = 'skipping'
    else return false
    return true
  }

  /**
   * Takes what the chunk has of the message, from `position` on; where that is all of it, without a
   * copy for who wants none. Returns the position behind it.
   */
  protected take(chunk: Buffer, position: number, info: FullMessageInfo): number {
    const start = position + this.#unwantedBytes
    const end = start + this.#missingBytes
    if (this.#state === 'skipping' || info.filledBytes > 0 || end > chunk.length) {
      return this.takePiece(chunk, position, info)
    }
    info.setRest(chunk, start, end)
    this.#state = 'between messages'
    return end
  }

  /** Takes what `piece` has of the message, from `position` on, always as a copy. */
  protected takePiece(piece: Buffer, position: number, info: FullMessageInfo): number {
    const start = Math.min(position + this.#unwantedBytes, piece.length)
    const end = Math.min(start + this.#missingBytes, piece.length)
    this.#unwantedBytes -= start - position
    if (this.#state === 'skipping') this.countSkippedBytes(end - start)
    else appendBytes(info, piece, start, end, info.filledBytes + this.#missingBytes)
    this.#missingBytes -= end - start
    if (this.#unwantedBytes === 0 && this.#missingBytes === 0) {
      info.complete = this.#state === 'collecting'
      info.discarded = this.#state === 'skipping'
      this.#state = 'between messages'
    }
    return end
  }
}
