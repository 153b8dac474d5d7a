import { FramingError } from './errors.ts'
import type { FullMessageInfo } from './framing-strategy.ts'
import { MessageCollector, type SizeLimitOptions } from './message-collector.ts'
import { PrefixedStrategy } from './prefixed-strategy.ts'

export interface VarintPrefixedOptions extends SizeLimitOptions {}

/** Seven bits a byte: five bytes hold an unsigned 32-bit size. */
const SIZE_BYTES_MAX = 5
/** The bits of the fifth byte that a 32-bit size has; a further bit, or a sixth byte, is an error. */
const FIFTH_BYTE_MAX = 0x0f

/**
 * Each message behind its size as a base-128 varint, the lowest seven bits first, the high bit set
 * on every byte but the last: the size-delimited form of Protocol Buffers (`writeDelimitedTo`,
 * `encodeDelimited`). A size of more than 32 bits is an error whatever `onTooLarge` says: where its
 * frame ends is not known.
 */
export class VarintPrefixedStrategy extends PrefixedStrategy {
  #size = 0
  #sizeBytesTaken = 0
  /** Of the next byte's lowest bit. */
  #weight = 1

  /** @throws {ArgumentError} where an option is out of its range. */
  constructor(options: VarintPrefixedOptions = {}) {
    super(new MessageCollector(options))
  }

  protected override takeSizeByte(byte: number, info: FullMessageInfo): number {
    if (this.#sizeBytesTaken === SIZE_BYTES_MAX - 1 && byte > FIFTH_BYTE_MAX) {
      info.error = new FramingError('the size in front of a message has more than 32 bits')
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

  protected override encodeSize(messageBytes: number): Uint8Array {
    const bytes: number[] = []
    let rest = messageBytes
    while (rest >= 0x80) {
      bytes.push((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    bytes.push(rest)
    return Uint8Array.from(bytes)
  }
}
