import { DWARF_LIMITS } from './dwarf-limits.ts'
import { ElfError } from './errors.ts'

/**
 * Reads a part of a section of DWARF, little-endian, from a place on. Numbers beyond 2^53 are damage:
 * neither a file nor the memory of a core is that large.
 */
export class DwarfCursor {
  readonly #data: DataView
  readonly #bytes: Uint8Array
  readonly #end: number
  /** Bytes from the start of the section. */
  at: number

  /** @param end where the part ends; not beyond the section. */
  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes
    this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
    this.#end = end
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end
  }

  u8(): number {
    return this.#data.getUint8(this.#take(1))
  }

  i8(): number {
    return this.#data.getInt8(this.#take(1))
  }

  u16(): number {
    return this.#data.getUint16(this.#take(2), true)
  }

  u32(): number {
    return this.#data.getUint32(this.#take(4), true)
  }

  u64(): number {
    return safe(this.#data.getBigUint64(this.#take(8), true))
  }

  /** A number of 4 or 8 bytes. */
  word(bytes: number): number {
    if (bytes === 4) return this.u32()
    if (bytes === 8) return this.u64()
    throw damaged(`a number of ${bytes} bytes`)
  }

  unsigned(): number {
    // Nearly all of them are one byte.
    const byte = this.#bytes[this.at] ?? 0x80
    if (byte < 0x80) return this.u8()
    return safe(this.#leb128().value)
  }

  signed(): number {
    // As above: seven bits, of which the highest is the sign.
    const byte = this.#bytes[this.at] ?? 0x80
    if (byte < 0x80) return (this.u8() << 25) >> 25
    const { value, bits } = this.#leb128()
    return Number(BigInt.asIntN(bits, value))
  }

  /** Text up to its zero byte. */
  text(): string {
    const part = this.#bytes.subarray(this.at, this.#end)
    const length = part.subarray(0, DWARF_LIMITS.PATH_BYTES_MAX + 1).indexOf(0)
    if (length === -1) throw damaged('a path without an end')
    this.at += length + 1
    return Buffer.from(part.subarray(0, length)).toString()
  }

  skip(bytes: number): undefined {
    this.#take(bytes)
    return undefined
  }

  #take(bytes: number): number {
    const { at } = this
    if (bytes > this.#end - at) throw damaged('it ends too early')
    this.at = at + bytes
    return at
  }

  /** As BigInt: a number that is longer than nearly all of them. */
  #leb128(): { value: bigint; bits: number } {
    let value = 0n
    for (let count = 0; count < DWARF_LIMITS.LEB128_BYTES_MAX; count++) {
      const byte = this.u8()
      value |= BigInt(byte & 0x7f) << BigInt(7 * count)
      if (byte < 0x80) return { value, bits: 7 * (count + 1) }
    }
    throw damaged('a number that is too long')
  }
}

export function damaged(what: string): ElfError {
  return new ElfError('ERR_CARILLON_ELF', `its table of lines cannot be read: ${what}`)
}

function safe(value: bigint): number {
  if (value <= Number.MAX_SAFE_INTEGER) return Number(value)
  throw damaged(`a number of ${value}`)
}
