import { MessageTooLargeError } from './errors.ts'
import type { FullMessageInfo, IFramingStrategy } from './framing-strategy.ts'
import type { MessageCollector } from './message-collector.ts'

/** A strategy whose frame is the message's size and the message. Its subclass knows the size's form. */
export abstract class PrefixedStrategy implements IFramingStrategy {
  readonly #message: MessageCollector

  protected constructor(message: MessageCollector) {
    this.#message = message
  }

  /** Longest message, without its size. */
  get maxMessageBytes(): number {
    return this.#message.maxMessageBytes
  }

  get skippedMessages(): number {
    return this.#message.skippedMessages
  }

  get skippedBytes(): number {
    return this.#message.skippedBytes
  }

  /**
   * Takes the next byte of a size. Returns the size once it is whole, and -1 before; then with
   * `info.error` where it cannot be a size.
   */
  protected abstract takeSizeByte(byte: number, info: FullMessageInfo): number

  /** The size in front of a message. */
  protected abstract encodeSize(messageBytes: number): Uint8Array

  processData(chunk: Buffer, info: FullMessageInfo): number {
    return this.processDataAt(chunk, 0, info)
  }

  processDataAt(chunk: Buffer, start: number, info: FullMessageInfo): number {
    let position = start
    if (!this.#message.isInMessage) {
      let messageBytes = -1
      while (messageBytes < 0 && position < chunk.length) {
        messageBytes = this.takeSizeByte(chunk[position++] as number, info)
        if (info.error !== undefined) return -1
      }
      if (messageBytes < 0) return position - start
      if (!this.#message.begin(messageBytes, info)) return -1
    }
    return this.#message.take(chunk, position, info) - start
  }

  /** @throws {MessageTooLargeError} where the message is over `maxMessageBytes`. */
  encode(message: Uint8Array): Uint8Array[] {
    if (message.length > this.maxMessageBytes) {
      throw new MessageTooLargeError(message.length, this.maxMessageBytes)
    }
    const size = this.encodeSize(message.length)
    return message.length === 0 ? [size] : [size, message]
  }
}
