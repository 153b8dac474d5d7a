import type { FullMessageInfo } from './framing-strategy.ts'
import { LimitedStrategy, type SizeLimitOptions } from './limited-strategy.ts'
import { HIGHEST_MAX_MESSAGE_BYTES } from './limits.ts'
import { appendBytes, completePieces } from './message-pieces.ts'

/**
 * A strategy whose frame has an end that is looked for. Its subclass knows what the end looks like
 * and, where the message is not the frame as it stands, how to get it.
 */
export abstract class TerminatedStrategy extends LimitedStrategy {
  /** Longest frame, without its end, that can have a message within the limit. */
  readonly #contentBytesMax: number
  /** Over it, a frame is too large whatever follows. */
  readonly #frameBytesMax: number
  #isSkipping = false

  /** Of the end that `findEnd` found, how many bytes are no part of the message. */
  protected strippedBytes = 0

  /**
   * @param endBytesMax how long an end can be that is no part of the message.
   * @param overheadBytes how much longer the rest of a frame can be than its message.
   * @throws {ArgumentError} where an option is out of its range.
   */
  protected constructor(
    options: SizeLimitOptions,
    endBytesMax: number,
    overheadBytes: (messageBytes: number) => number = () => 0,
  ) {
    const highest = HIGHEST_MAX_MESSAGE_BYTES
    super(options, highest - overheadBytes(highest) - endBytesMax)
    this.#contentBytesMax = this.maxMessageBytes + overheadBytes(this.maxMessageBytes)
    this.#frameBytesMax = this.#contentBytesMax + endBytesMax
  }

  /** @throws {CarillonError} where the message does not fit the frame. */
  abstract encode(message: Uint8Array): Uint8Array[]

  /**
   * Where the frame ends: the position behind it, with `strippedBytes` set. Where that is not in
   * the chunk: -1, and what of it there was is remembered for the next call.
   */
  protected abstract findEnd(chunk: Buffer, start: number): number

  /**
   * Completes the message of a frame that lies whole in the chunk, without its end. False with
   * `info.error` where there is none in it.
   */
  protected finishWhole(chunk: Buffer, start: number, end: number, info: FullMessageInfo): boolean {
    info.setWhole(chunk, start, end)
    return true
  }

  /** The same of a frame that came in pieces and is `info.buffer`, up to `frameBytes`. */
  protected finishCollected(frameBytes: number, info: FullMessageInfo): boolean {
    completePieces(info, frameBytes)
    return true
  }

  override processDataAt(chunk: Buffer, start: number, info: FullMessageInfo): number {
    const found = this.findEnd(chunk, start)
    const hasEnd = found !== -1
    const end = hasEnd ? found : chunk.length
    if (this.#isSkipping) {
      this.#skip(end - start, hasEnd, info)
      return end - start
    }
    const frameBytes = info.filledBytes + end - start
    const isTooLarge = hasEnd
      ? frameBytes - this.strippedBytes > this.#contentBytesMax
      : frameBytes > this.#frameBytesMax
    if (isTooLarge) {
      if (!this.skipTooLarge(undefined, info)) return -1
      info.reset()
      this.#skip(frameBytes, hasEnd, info)
    } else if (!hasEnd) {
      appendBytes(info, chunk, start, end, this.#frameBytesMax)
    } else if (info.filledBytes === 0) {
      if (!this.finishWhole(chunk, start, end - this.strippedBytes, info)) return -1
    } else {
      appendBytes(info, chunk, start, end, this.#frameBytesMax)
      if (!this.finishCollected(frameBytes - this.strippedBytes, info)) return -1
    }
    return end - start
  }

  #skip(bytes: number, hasEnd: boolean, info: FullMessageInfo): void {
    // The end is only known to be none of the message once it is whole.
    this.countSkippedBytes(hasEnd ? bytes - this.strippedBytes : bytes)
    this.#isSkipping = !hasEnd
    info.discarded = hasEnd
  }
}
