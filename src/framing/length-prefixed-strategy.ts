import { checkOneOf } from '../arguments.ts'
import { MessageCollector, type SizeLimitOptions } from './message-collector.ts'
import { PrefixedStrategy } from './prefixed-strategy.ts'

export interface LengthPrefixedOptions extends SizeLimitOptions {
  /** Bytes of the length in front of each message. Default 4. */
  readonly lengthBytes?: 1 | 2 | 3 | 4
  /** Order of the length's bytes. Default `big`, the network's. */
  readonly byteOrder?: 'big' | 'little'
}

/**
 * Each message behind its length: an unsigned integer of 1 to 4 bytes that does not count itself.
 * A length of 0 is a message, an empty one.
 *
 * `maxMessageBytes` is at most what the length can say, and so is its default.
 */
export class LengthPrefixedStrategy extends PrefixedStrategy {
  readonly #lengthBytes: number
  readonly #isBig: boolean
  #length = 0
  #lengthBytesTaken = 0
  /** Of the next byte, in little-endian order. */
  #weight = 1

  /** @throws {ArgumentError} where an option is out of its range. */
  constructor(options: LengthPrefixedOptions = {}) {
    const { lengthBytes = 4, byteOrder = 'big' } = options
    checkOneOf('lengthBytes', lengthBytes, [1, 2, 3, 4])
    super(new MessageCollector(options, 256 ** lengthBytes - 1))
    this.#lengthBytes = lengthBytes
    this.#isBig = checkOneOf('byteOrder', byteOrder, ['big', 'little']) === 'big'
  }

  protected override takeSizeByte(byte: number): number {
    // Arithmetic in place of shifts: four bytes do not fit a signed 32-bit integer.
    if (this.#isBig) {
      this.#length = this.#length * 256 + byte
    } else {
      this.#length += byte * this.#weight
      this.#weight *= 256
    }
    if (++this.#lengthBytesTaken < this.#lengthBytes) return -1
    const length = this.#length
    this.#length = 0
    this.#lengthBytesTaken = 0
    this.#weight = 1
    return length
  }

  protected override encodeSize(messageBytes: number): Uint8Array {
    const length = Buffer.allocUnsafe(this.#lengthBytes)
    if (this.#isBig) length.writeUIntBE(messageBytes, 0, this.#lengthBytes)
    else length.writeUIntLE(messageBytes, 0, this.#lengthBytes)
    return length
  }
}
