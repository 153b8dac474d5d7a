import { checkOneOf } from '../arguments.ts'
import { FramingError } from './errors.ts'
import type { FullMessageInfo } from './framing-strategy.ts'
import type { SizeLimitOptions } from './limited-strategy.ts'
import { TerminatedStrategy } from './terminated-strategy.ts'

export interface CobsOptions extends SizeLimitOptions {
  /**
   * What a damaged frame does. `close`, the default: an error. `skip`: it is discarded and counted,
   * as on a serial line, and the next one is read.
   */
  readonly onDamaged?: 'close' | 'skip'
}

/** What ends a frame, and is nowhere else. */
const END = 0
/** Most bytes without a zero in one block. */
const BLOCK_BYTES_MAX = 254
/** First byte of a block of the most bytes, behind which no zero is left out. */
const FULL_BLOCK = BLOCK_BYTES_MAX + 1

/**
 * Each message in consistent overhead byte stuffing, in front of a zero (Cheshire and Baker,
 * "Consistent Overhead Byte Stuffing", 1999): the message is cut at its zeros into blocks, and the
 * first byte of a block says where the next one begins, so that a zero is only ever the end of a
 * frame. It costs one byte, and one more for every 254.
 *
 * Nothing between two zeros is no message: a sender may begin with a zero to be in step. A message
 * is always a copy, for it is not in the stream as it is. `skippedBytes` counts bytes as they are in
 * the stream.
 */
export class CobsStrategy extends TerminatedStrategy {
  readonly #skipsDamaged: boolean

  /** @throws {ArgumentError} where an option is out of its range. */
  constructor(options: CobsOptions = {}) {
    super(options, 1, overheadBytes)
    const { onDamaged = 'close' } = options
    this.#skipsDamaged = checkOneOf('onDamaged', onDamaged, ['close', 'skip']) === 'skip'
    this.strippedBytes = 1
  }

  protected override findEnd(chunk: Buffer, start: number): number {
    return chunk.indexOf(END, start) + 1 || -1
  }

  protected override finishWhole(
    chunk: Buffer,
    start: number,
    end: number,
    info: FullMessageInfo,
  ): boolean {
    if (start === end) {
      info.discarded = true
      return true
    }
    const messageBytes = decodedBytes(chunk, start, end)
    if (messageBytes < 0) return this.#skipDamaged(end - start, info)
    if (messageBytes > this.maxMessageBytes)
      return this.#skipTooLarge(messageBytes, end - start, info)
    info.buffer = Buffer.allocUnsafe(messageBytes)
    decode(chunk, start, end, info.buffer)
    info.complete = true
    return true
  }

  protected override finishCollected(frameBytes: number, info: FullMessageInfo): boolean {
    const frame = info.buffer
    info.reset()
    return this.finishWhole(frame, 0, frameBytes, info)
  }

  /** @throws {MessageTooLargeError} where the message is over `maxMessageBytes`. */
  override encode(message: Uint8Array): Uint8Array[] {
    this.checkOutgoing(message)
    const frame = Buffer.allocUnsafe(message.length + overheadBytes(message.length) + 1)
    let block = 0
    let position = 1
    for (let index = 0; index < message.length; index++) {
      const byte = message[index] as number
      if (byte !== END) frame[position++] = byte
      const isFull = position - block === FULL_BLOCK
      // A full block at the very end needs no other one behind it.
      if (byte === END || (isFull && index < message.length - 1)) {
        frame[block] = position - block
        block = position++
      }
    }
    frame[block] = position - block
    frame[position++] = END
    return [frame.subarray(0, position)]
  }

  #skipDamaged(frameBytes: number, info: FullMessageInfo): boolean {
    if (this.#skipsDamaged) {
      this.countSkippedMessage()
      this.countSkippedBytes(frameBytes)
      info.discarded = true
    } else {
      info.error = new FramingError('the blocks of a COBS frame do not end where it ends', {
        code: 'ERR_CARILLON_COBS',
      })
    }
    return this.#skipsDamaged
  }

  #skipTooLarge(messageBytes: number, frameBytes: number, info: FullMessageInfo): boolean {
    const skips = this.skipTooLarge(messageBytes, info)
    if (skips) this.countSkippedBytes(frameBytes)
    info.discarded = skips
    return skips
  }
}

/** What a message of so many bytes may need more in the stream, without the end. */
function overheadBytes(messageBytes: number): number {
  return Math.max(1, Math.ceil(messageBytes / BLOCK_BYTES_MAX))
}

/** What the frame's message has; -1 where the frame is damaged. */
function decodedBytes(frame: Buffer, start: number, end: number): number {
  let bytes = -1
  let position = start
  let block = 0
  while (position < end) {
    block = frame[position] as number
    position += block
    bytes += block === FULL_BLOCK ? BLOCK_BYTES_MAX : block
  }
  if (position > end) return -1
  // There is no zero behind the last block, which was not counted for one that is full.
  return block === FULL_BLOCK ? bytes + 1 : bytes
}

function decode(frame: Buffer, start: number, end: number, message: Buffer): void {
  let written = 0
  for (let position = start; position < end; ) {
    const block = frame[position] as number
    const blockEnd = position + block
    for (position++; position < blockEnd; position++) message[written++] = frame[position] as number
    if (block !== FULL_BLOCK && position < end) message[written++] = END
  }
}
