import { FramingError } from './errors.ts'
import type { FullMessageInfo } from './framing-strategy.ts'
import type { SizeLimitOptions } from './limited-strategy.ts'
import { PrefixedStrategy } from './prefixed-strategy.ts'

export interface VarintPrefixedOptions extends SizeLimitOptions {}

/** Seven bits a byte: five bytes hold an unsigned 32-bit size. */
const SIZE_BYTES_MAX = 5
/** The bits of the fifth byte that a 32-bit size has; a further bit, or a sixth byte, is an error. */
const FIFTH_BYTE_MAX = 0x0f

/**
 * Each message behind its size as a base-128 varint, the lowest seven bits first, the high bit set
 * on every byte but the last: the size-delimited form of Protocol Buffers (`writeDelimitedTo`,
 * `encodeDelimited`).
 *
 * A size may be written longer than it need be, as Protocol Buffers allow, in up to five bytes. One
 * of more than 32 bits is an error, `ERR_CARILLON_VARINT`, whatever `onTooLarge` says: where its
 * frame ends is not known.
 */
export class VarintPrefixedStrategy extends PrefixedStrategy {
  #size = 0
  #sizeBytesTaken = 0
  /** Of the next byte's lowest bit. */
  #weight = 1

  /** @throws {ArgumentError} where an option is out of its range. */
  constructor(options: VarintPrefixedOptions = {}) {
    super(options)
  }

  override processDataAt(chunk: Buffer, start: number, info: FullMessageInfo): number {
    // Most messages lie whole in the chunk, behind a size of one or two bytes.
    if (this.#sizeBytesTaken === 0 && !this.isInMessage && start + 1 < chunk.length) {
      const low = chunk[start] as number
      const high = chunk[start + 1] as number
      const isShort = low < 0x80
      const from = isShort ? start + 1 : start + 2
      const size = isShort ? low : (high << 7) | (low & 0x7f)
      const isSize = isShort || high < 0x80
      if (isSize && size <= this.maxMessageBytes && from + size <= chunk.length) {
        info.setWhole(chunk, from, from + size)
        return from + size - start
      }
    }
    return this.#processPiece(chunk, start, info)
  }

  /** @throws {MessageTooLargeError} where the message is over `maxMessageBytes`. */
  override encode(message: Uint8Array): Uint8Array[] {
    this.checkOutgoing(message)
    const size: number[] = []
    let rest = message.length
    while (rest >= 0x80) {
      size.push((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    size.push(rest)
    return message.length === 0 ? [Uint8Array.from(size)] : [Uint8Array.from(size), message]
  }

  framedFrom(memory: Buffer, start: number, end: number): number {
    let rest = end - start
    if (rest > this.maxMessageBytes) return -1
    let sizeBytes = 1
    for (let size = rest; size >= 0x80; size >>>= 7) sizeBytes++
    const from = start - sizeBytes
    if (from < 0) return -1
    for (let position = from; position < start; position++) {
      const byte = position === start - 1 ? rest : (rest & 0x7f) | 0x80
      if (memory[position] !== byte) return -1
      rest >>>= 7
    }
    return from
  }

  #processPiece(chunk: Buffer, start: number, info: FullMessageInfo): number {
    let position = start
    if (!this.isInMessage) {
      const whole = this.#sizeBytesTaken === 0 ? this.#processFrame(chunk, start, info) : -1
      if (whole >= 0) return whole
      let size = -1
      while (size < 0 && position < chunk.length) {
        size = this.#takeSizeByte(chunk[position++] as number, info)
        if (info.error !== undefined) return -1
      }
      if (size < 0) return position - start
      if (!this.begin(size, info)) return -1
    }
    return this.take(chunk, position, info) - start
  }

  /**
   * Takes the frame that begins at `start`, where it lies whole in the chunk behind a size of any
   * length. Returns its bytes; 0 where it is to be left there, and -1 where it has to be taken byte by
   * byte or refused.
   */
  #processFrame(chunk: Buffer, start: number, info: FullMessageInfo): number {
    const end = Math.min(chunk.length, start + SIZE_BYTES_MAX)
    let size = 0
    let weight = 1
    for (let from = start; from < end; ) {
      const byte = chunk[from++] as number
      size += (byte & 0x7f) * weight
      weight *= 128
      if (byte >= 0x80) continue
      if (size > this.maxMessageBytes) return -1
      const frameBytes = from - start + size
      if (start + frameBytes > chunk.length) return info.leaves(frameBytes) ? 0 : -1
      info.setWhole(chunk, from, from + size)
      return frameBytes
    }
    return -1
  }

  /**
   * Takes the next byte of a size. Returns the size once it is whole, and -1 before; then with
   * `info.error` where it cannot be a size.
   */
  #takeSizeByte(byte: number, info: FullMessageInfo): number {
    if (this.#sizeBytesTaken === SIZE_BYTES_MAX - 1 && byte > FIFTH_BYTE_MAX) {
      info.error = new FramingError('the size in front of a message has more than 32 bits', {
        code: 'ERR_CARILLON_VARINT',
      })
      return -1
    }
    // Arithmetic in place of shifts: 32 bits do not fit a signed 32-bit integer.
    this.#size += (byte & 0x7f) * this.#weight
    this.#weight *= 128
    this.#sizeBytesTaken++
    if (byte >= 0x80) return -1
    const size = this.#size
    this.#size = 0
    this.#sizeBytesTaken = 0
    this.#weight = 1
    return size
  }
}
