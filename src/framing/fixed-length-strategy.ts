import { checkInteger } from '../arguments.ts'
import { FramingError } from './errors.ts'
import type { FullMessageInfo, IFramingStrategy } from './framing-strategy.ts'
import { HIGHEST_MAX_MESSAGE_BYTES } from './limits.ts'
import { appendBytes } from './message-pieces.ts'

export interface FixedLengthOptions {
  /** Length of every message: 1 to 2^30-1 bytes. */
  readonly messageBytes: number
}

/** Messages of one length, with nothing between them. */
export class FixedLengthStrategy implements IFramingStrategy {
  readonly messageBytes: number
  readonly framesAsReceived = true

  /** @throws {ArgumentError} where the length is out of its range. */
  constructor({ messageBytes }: FixedLengthOptions) {
    this.messageBytes = checkInteger('messageBytes', messageBytes, 1, HIGHEST_MAX_MESSAGE_BYTES)
  }

  processData(chunk: Buffer, info: FullMessageInfo): number {
    return this.processDataAt(chunk, 0, info)
  }

  processDataAt(chunk: Buffer, start: number, info: FullMessageInfo): number {
    const { messageBytes } = this
    const end = Math.min(start + messageBytes - info.filledBytes, chunk.length)
    if (end - start === messageBytes) {
      info.setWhole(chunk, start, end)
    } else {
      appendBytes(info, chunk, start, end, messageBytes)
      info.complete = info.filledBytes === messageBytes
    }
    return end - start
  }

  /** @throws {FramingError} `ERR_CARILLON_FRAME_LENGTH` where the message has another length. */
  encode(message: Uint8Array): Uint8Array[] {
    if (message.length !== this.messageBytes) {
      throw new FramingError(`a message has ${this.messageBytes} bytes, not ${message.length}`, {
        code: 'ERR_CARILLON_FRAME_LENGTH',
      })
    }
    return [message]
  }
}
