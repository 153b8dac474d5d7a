/** 32 or 64: the width of addresses in an ELF file, which is its class. */
export type ElfBits = 32 | 64

/**
 * Reads the fields of an ELF structure one after the other, little-endian. Those that are as wide as
 * an address come as bigint.
 */
export class ElfCursor {
  readonly #data: DataView
  readonly #bits: ElfBits
  #at = 0

  /** @param bytes the structure, or more; who makes a cursor has looked that it is there. */
  constructor(bytes: Uint8Array, bits: ElfBits) {
    this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#bits = bits
  }

  u8(): number {
    return this.#data.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#data.getUint16(this.#take(2), true)
  }

  u32(): number {
    return this.#data.getUint32(this.#take(4), true)
  }

  /** As wide as an address. */
  word(): bigint {
    return this.#bits === 32 ? BigInt(this.u32()) : this.#data.getBigUint64(this.#take(8), true)
  }

  skip(bytes: number): void {
    this.#at += bytes
  }

  #take(bytes: number): number {
    const at = this.#at
    this.#at += bytes
    return at
  }
}
