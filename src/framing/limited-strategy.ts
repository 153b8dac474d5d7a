import { checkInteger, checkOneOf } from '../arguments.ts'
import { MessageTooLargeError } from './errors.ts'
import type { FullMessageInfo, IFramingStrategy } from './framing-strategy.ts'
import { DEFAULT_MAX_MESSAGE_BYTES, HIGHEST_MAX_MESSAGE_BYTES } from './limits.ts'

/** What every strategy whose messages are of any size lets its user say. */
export interface SizeLimitOptions {
  /** Longest message, without what frames it: 1 to 2^30-1 bytes. Default 1 MiB. */
  readonly maxMessageBytes?: number
  /**
   * What an incoming message over the limit does. `close`, the default: an error, before any of it
   * is kept. `skip`: exactly that frame is discarded and counted, and the next one is read.
   */
  readonly onTooLarge?: 'close' | 'skip'
}

/** A strategy with a limit on its messages, that refuses or skips what is over it. */
export abstract class LimitedStrategy implements IFramingStrategy {
  /** Longest message, without what frames it. */
  readonly maxMessageBytes: number
  readonly #skipsTooLarge: boolean
  #skippedMessages = 0
  #skippedBytes = 0

  /** @throws {ArgumentError} where an option is out of its range. */
  protected constructor(
    options: SizeLimitOptions,
    highestMaxMessageBytes = HIGHEST_MAX_MESSAGE_BYTES,
  ) {
    const highest = Math.min(highestMaxMessageBytes, HIGHEST_MAX_MESSAGE_BYTES)
    const { maxMessageBytes = Math.min(DEFAULT_MAX_MESSAGE_BYTES, highest), onTooLarge = 'close' } =
      options
    this.maxMessageBytes = checkInteger('maxMessageBytes', maxMessageBytes, 1, highest)
    this.#skipsTooLarge = checkOneOf('onTooLarge', onTooLarge, ['close', 'skip']) === 'skip'
  }

  get skippedMessages(): number {
    return this.#skippedMessages
  }

  get skippedBytes(): number {
    return this.#skippedBytes
  }

  processData(chunk: Buffer, info: FullMessageInfo): number {
    return this.processDataAt(chunk, 0, info)
  }

  abstract processDataAt(chunk: Buffer, start: number, info: FullMessageInfo): number

  /**
   * Of a message over the limit: true where it is to be skipped, else false with `info.error`.
   *
   * @param messageBytes undefined where only the message's end would tell.
   */
  protected skipTooLarge(messageBytes: number | undefined, info: FullMessageInfo): boolean {
    if (this.#skipsTooLarge) this.countSkippedMessage()
    else info.error = new MessageTooLargeError(messageBytes, this.maxMessageBytes)
    return this.#skipsTooLarge
  }

  protected countSkippedMessage(): void {
    this.#skippedMessages++
  }

  protected countSkippedBytes(bytes: number): void {
    this.#skippedBytes += bytes
  }

  /** @throws {MessageTooLargeError} where an outgoing message is over the limit. */
  protected checkOutgoing(message: Uint8Array): void {
    if (message.length > this.maxMessageBytes) {
      throw new MessageTooLargeError(message.length, this.maxMessageBytes)
    }
  }
}
