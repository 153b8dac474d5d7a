import { checkInteger, checkOneOf } from '../arguments.ts'
import { ArgumentError } from '../errors.ts'
import { FramingError } from './errors.ts'
import { EMPTY_BUFFER, type FullMessageInfo } from './framing-strategy.ts'
import type { SizeLimitOptions } from './limited-strategy.ts'
import { HIGHEST_MAX_MESSAGE_BYTES, LENGTH_OFFSET_BYTES_MAX } from './limits.ts'
import { PrefixedStrategy } from './prefixed-strategy.ts'

/**
 * The options of Netty's `LengthFieldBasedFrameDecoder`, and with them all the layouts that its
 * documentation shows.
 */
export interface LengthPrefixedOptions extends SizeLimitOptions {
  /** Bytes of the length. Default 4. */
  readonly lengthBytes?: 1 | 2 | 3 | 4 | 8
  /** Order of the length's bytes. Default `big`, the network's. */
  readonly byteOrder?: 'big' | 'little'
  /** Where in the frame the length begins: 0 to 1024 bytes. Default 0. */
  readonly offsetBytes?: number
  /**
   * Added to the length, it gives the bytes that follow it: -2^30+1 to 2^30-1. Default 0. A length
   * that counts itself and `offsetBytes` is adjusted by what it counts too much.
   */
  readonly adjustmentBytes?: number
  /**
   * How much of the frame's beginning is no part of the message: 0 to 2^30-1 bytes. Default
   * everything up to the end of the length. With 0 the message is the frame as it came, which an
   * echo can send back.
   */
  readonly stripBytes?: number
}

const USUAL_LENGTH_BYTES = 4
const LENGTH_BYTES = [1, 2, 3, 4, 8] as const

/**
 * Each message behind its length: an unsigned integer of 1 to 4 or 8 bytes that does not count
 * itself, unless the options say something else. A length of 0 is a message, an empty one.
 *
 * `maxMessageBytes` is at most what the length can say, and so is its default. A length that would
 * let the frame end before its length does, or before what is stripped of it, is an error whatever
 * `onTooLarge` says, `ERR_CARILLON_FRAME_LENGTH`, and so is one of more than 53 bits.
 */
export class LengthPrefixedStrategy extends PrefixedStrategy {
  /** Whether a frame is the message, or the message behind its length and nothing else. */
  readonly framesAsReceived: boolean
  /** Whether a frame is four bytes of length, the highest first, and the message. */
  readonly #isUsual: boolean
  /** Longest message in such a frame that is read where it lies. -1 in the middle of another one. */
  #usualBytesMax: number
  readonly #lengthBytes: 1 | 2 | 3 | 4 | 8
  readonly #isBig: boolean
  /** Up to the end of the length. */
  readonly #headBytes: number
  /** Behind the length, with a length of 0. */
  readonly #adjustmentBytes: number
  readonly #stripBytes: number
  readonly #leastFrameBytes: number
  /** A head that does not lie whole in a chunk. Allocated for the first one. */
  #head = EMPTY_BUFFER
  #headBytesTaken = 0

  /** @throws {ArgumentError} where an option is out of its range, or no message has any bytes. */
  constructor(options: LengthPrefixedOptions = {}) {
    const { lengthBytes = 4, byteOrder = 'big', offsetBytes = 0, adjustmentBytes = 0 } = options
    checkOneOf('lengthBytes', lengthBytes, LENGTH_BYTES)
    const highest = HIGHEST_MAX_MESSAGE_BYTES
    checkInteger('offsetBytes', offsetBytes, 0, LENGTH_OFFSET_BYTES_MAX)
    checkInteger('adjustmentBytes', adjustmentBytes, -highest, highest)
    const headBytes = offsetBytes + lengthBytes
    const stripBytes = checkInteger('stripBytes', options.stripBytes ?? headBytes, 0, highest)
    const longest = headBytes + 256 ** lengthBytes - 1 + adjustmentBytes - stripBytes
    if (longest < 1) {
      throw new ArgumentError(
        `a frame with a length of ${lengthBytes} bytes has no message: it is adjusted by ${adjustmentBytes} bytes and stripped of ${stripBytes}`,
      )
    }
    super(options, longest)
    this.#lengthBytes = lengthBytes
    this.#isBig = checkOneOf('byteOrder', byteOrder, ['big', 'little']) === 'big'
    this.#headBytes = headBytes
    this.#isUsual =
      this.#isBig &&
      stripBytes === USUAL_LENGTH_BYTES &&
      headBytes === stripBytes &&
      lengthBytes === stripBytes &&
      adjustmentBytes === 0
    this.#usualBytesMax = this.#isUsual ? this.maxMessageBytes : -1
    this.#adjustmentBytes = adjustmentBytes
    this.#stripBytes = stripBytes
    this.framesAsReceived =
      stripBytes === 0 || (stripBytes === headBytes && headBytes === lengthBytes)
    this.#leastFrameBytes = Math.max(headBytes, stripBytes)
  }

  override processDataAt(chunk: Buffer, start: number, info: FullMessageInfo): number {
    // Small enough to be compiled as one with whoever calls it.
    const from = start + USUAL_LENGTH_BYTES
    if (from <= chunk.length) {
      const bytes = usualLengthAt(chunk, start)
      if (bytes >= 0 && bytes <= this.#usualBytesMax && from + bytes <= chunk.length) {
        info.setWhole(chunk, from, from + bytes)
        return USUAL_LENGTH_BYTES + bytes
      }
    }
    return this.#processOther(chunk, start, info)
  }

  /** Anything else than a whole usual frame. */
  #processOther(chunk: Buffer, start: number, info: FullMessageInfo): number {
    const taken = this.#processUnusual(chunk, start, info)
    const isBetween = this.#headBytesTaken === 0 && !this.isInMessage
    this.#usualBytesMax = this.#isUsual && isBetween ? this.maxMessageBytes : -1
    return taken
  }

  #processUnusual(chunk: Buffer, start: number, info: FullMessageInfo): number {
    const headEnd = start + this.#headBytes
    // Most messages lie whole in the chunk.
    if (this.#headBytesTaken === 0 && headEnd <= chunk.length && !this.isInMessage) {
      const frameBytes = this.#frameBytesAt(chunk, headEnd)
      const messageBytes = frameBytes - this.#stripBytes
      if (frameBytes >= this.#leastFrameBytes && messageBytes <= this.maxMessageBytes) {
        if (start + frameBytes <= chunk.length) {
          info.setWhole(chunk, start + this.#stripBytes, start + frameBytes)
          return frameBytes
        }
        if (info.leaves(frameBytes)) return 0
      }
    }
    return this.#processPiece(chunk, start, info)
  }

  /**
   * Frames a message so that reading the frame gives the message back. Where `stripBytes` leaves a
   * part of the length in the message, that part is checked; with 0 the message is the frame.
   *
   * @throws {MessageTooLargeError} where the message is over `maxMessageBytes`.
   * @throws {FramingError} `ERR_CARILLON_FRAME_LENGTH` where the message has a length in it that is
   *   not its own, or is too short for any; `ERR_CARILLON_NO_FRAME` where more than a length is
   *   stripped, for what that was is not known.
   */
  override encode(message: Uint8Array): Uint8Array[] {
    const stripBytes = this.#stripBytes
    const offsetBytes = this.#headBytes - this.#lengthBytes
    if (stripBytes > (offsetBytes === 0 ? this.#lengthBytes : 0)) {
      throw new FramingError(
        `a frame that is stripped of ${stripBytes} bytes, of which not all are its length, cannot be made again`,
        { code: 'ERR_CARILLON_NO_FRAME' },
      )
    }
    this.checkOutgoing(message)
    const frameBytes = stripBytes + message.length
    const length = this.#encodeLength(frameBytes - this.#headBytes - this.#adjustmentBytes)
    const inMessage = offsetBytes - stripBytes
    for (let index = stripBytes; index < this.#lengthBytes; index++) {
      if (message[inMessage + index] !== length[index]) {
        throw lengthError(`a message of ${message.length} bytes has another length in it`)
      }
    }
    if (stripBytes === 0) return [message]
    const prefix = length.subarray(0, stripBytes)
    return message.length === 0 ? [prefix] : [prefix, message]
  }

  framedFrom(memory: Buffer, start: number, end: number): number {
    if (end - start > this.maxMessageBytes) return -1
    const from = start - this.#stripBytes
    if (this.#isUsual && from >= 0) return usualLengthAt(memory, from) === end - start ? from : -1
    return this.#unusualFrameFrom(memory, from, end)
  }

  #unusualFrameFrom(memory: Buffer, from: number, end: number): number {
    const headEnd = from + this.#headBytes
    if (!this.framesAsReceived || from < 0 || headEnd > end) return -1
    return this.#frameBytesAt(memory, headEnd) === end - from ? from : -1
  }

  /** What the whole frame has, by the length that ends at `lengthEnd`. */
  #frameBytesAt(bytes: Buffer, lengthEnd: number): number {
    const length = this.#isBig
      ? readBigEndian(bytes, lengthEnd, this.#lengthBytes)
      : readLittleEndian(bytes, lengthEnd, this.#lengthBytes)
    return this.#headBytes + this.#adjustmentBytes + length
  }

  #encodeLength(length: number): Buffer {
    const lengthBytes = this.#lengthBytes
    if (length < 0 || length >= 256 ** lengthBytes) {
      throw lengthError(`a message whose length would be ${length} cannot be framed`)
    }
    const bytes = Buffer.allocUnsafe(lengthBytes)
    if (lengthBytes === 8) {
      if (this.#isBig) bytes.writeBigUInt64BE(BigInt(length))
      else bytes.writeBigUInt64LE(BigInt(length))
    } else if (this.#isBig) {
      bytes.writeUIntBE(length, 0, lengthBytes)
    } else {
      bytes.writeUIntLE(length, 0, lengthBytes)
    }
    return bytes
  }

  #processPiece(chunk: Buffer, start: number, info: FullMessageInfo): number {
    let position = start
    if (!this.isInMessage) {
      const bytes = Math.min(this.#headBytes - this.#headBytesTaken, chunk.length - start)
      if (this.#head.length === 0) this.#head = Buffer.allocUnsafe(this.#headBytes)
      position += chunk.copy(this.#head, this.#headBytesTaken, start, start + bytes)
      this.#headBytesTaken += bytes
      if (this.#headBytesTaken < this.#headBytes) return bytes
      this.#headBytesTaken = 0
      if (!this.#beginFrame(info)) return -1
      if (!this.isInMessage) return bytes
    }
    return this.take(chunk, position, info) - start
  }

  /** Begins the frame whose head is whole, with what of the head is in the message. */
  #beginFrame(info: FullMessageInfo): boolean {
    const frameBytes = this.#frameBytesAt(this.#head, this.#headBytes)
    const stripBytes = this.#stripBytes
    if (frameBytes < this.#leastFrameBytes || !Number.isSafeInteger(frameBytes)) {
      info.error = lengthError(
        `a frame has ${this.#leastFrameBytes} to 2^53-1 bytes, not the ${frameBytes} of its length`,
      )
      return false
    }
    const unwantedBytes = Math.max(0, stripBytes - this.#headBytes)
    if (!this.begin(frameBytes - stripBytes, info, unwantedBytes)) return false
    if (stripBytes < this.#headBytes) this.takePiece(this.#head, stripBytes, info)
    return true
  }
}

/** The length of the usual frame that begins at `start`, negative where that is over 2^31-1. */
function usualLengthAt(bytes: Buffer, start: number): number {
  return (
    ((bytes[start] as number) << 24) |
    ((bytes[start + 1] as number) << 16) |
    ((bytes[start + 2] as number) << 8) |
    (bytes[start + 3] as number)
  )
}

/** The unsigned integer of `count` bytes that ends before `end`. */
function readBigEndian(bytes: Buffer, end: number, count: number): number {
  const last = bytes[end - 1] as number
  if (count === 1) return last
  // The usual widths in one step.
  const low = ((bytes[end - 2] as number) << 8) | last
  if (count === 2) return low
  if (count === 4)
    return pairOf(((bytes[end - 4] as number) << 8) | (bytes[end - 3] as number), low)
  let value = 0
  for (let position = end - count; position < end; position++) {
    value = value * 256 + (bytes[position] as number)
  }
  return value
}

function readLittleEndian(bytes: Buffer, end: number, count: number): number {
  const last = bytes[end - 1] as number
  if (count === 1) return last
  const high = (last << 8) | (bytes[end - 2] as number)
  if (count === 2) return high
  if (count === 4)
    return pairOf(high, ((bytes[end - 3] as number) << 8) | (bytes[end - 4] as number))
  let value = 0
  for (let position = end - 1; position >= end - count; position--) {
    value = value * 256 + (bytes[position] as number)
  }
  return value
}

/** Of two times 16 bits, without a sign. */
function pairOf(high: number, low: number): number {
  // Small ones stay whole numbers for the machine as well.
  return high < 0x8000 ? (high << 16) | low : high * 0x10000 + low
}

function lengthError(message: string): FramingError {
  return new FramingError(message, { code: 'ERR_CARILLON_FRAME_LENGTH' })
}
