import type { ErrorCode } from '../errors.ts'
import { type ElfBits, ElfCursor } from './elf-cursor.ts'
import { ELF_LIMITS } from './elf-limits.ts'
import { ElfError } from './errors.ts'

/** Where a header says that a table lies. Nothing of it is checked yet. */
export interface ElfTable {
  readonly offset: bigint
  readonly entryBytes: number
  readonly count: number
}

/** A part of the file that is there. */
export interface ElfExtent {
  /** Bytes from the start of the file; 0 where the part has none. */
  readonly offset: number
  readonly bytes: Uint8Array
}

/** The bytes of an ELF file: every way to reach into them is checked here. */
export class ElfBytes {
  /** What messages call the file. */
  readonly name: string
  readonly bits: ElfBits
  readonly #bytes: Uint8Array

  constructor(name: string, bits: ElfBits, bytes: Uint8Array) {
    this.name = name
    this.bits = bits
    this.#bytes = bytes
  }

  /** @throws {ElfError} where the file ends before it. */
  extent(offset: bigint, size: bigint, what: string): ElfExtent {
    // What is empty may say that it lies anywhere.
    if (size === 0n) return { offset: 0, bytes: this.#bytes.subarray(0, 0) }
    const end = offset + size
    if (end > this.#bytes.length) {
      const why = `${what} would end at byte ${end}, and the file at ${this.#bytes.length}`
      throw this.damaged(why, 'ERR_CARILLON_ELF_TRUNCATED')
    }
    return { offset: Number(offset), bytes: this.#bytes.subarray(Number(offset), Number(end)) }
  }

  /** @param fileBytes the two have been checked before. */
  slice(offset: number, fileBytes: number): Uint8Array {
    return this.#bytes.subarray(offset, offset + fileBytes)
  }

  /**
   * A cursor for each entry of a table.
   *
   * @param size the bytes of an entry, for this class of file.
   * @throws {ElfError} where the table is not there, or its entries have another size.
   */
  entries({ offset, entryBytes, count }: ElfTable, size: number, what: string): ElfCursor[] {
    if (count === 0) return []
    if (entryBytes !== size) {
      throw this.damaged(`each of its ${what} has ${entryBytes} bytes, not ${size}`)
    }
    const { bytes } = this.extent(offset, BigInt(count * size), `the table of its ${what}`)
    return Array.from(
      { length: count },
      (_, index) => new ElfCursor(bytes.subarray(index * size, (index + 1) * size), this.bits),
    )
  }

  /**
   * The text at `offset` of a section of strings, up to its zero byte.
   *
   * @throws {ElfError} where it has no end, or is too long.
   */
  text(strings: Uint8Array, offset: number, whose: string): string {
    const most = ELF_LIMITS.NAME_BYTES_MAX
    const found = strings.subarray(offset, offset + most + 1)
    const end = found.indexOf(0)
    if (end !== -1) return Buffer.from(found.subarray(0, end)).toString()
    const why = found.length > most ? `is longer than ${most} bytes` : 'has no end'
    throw this.damaged(`the name of ${whose} ${why}`)
  }

  /** @throws {ElfError} where there are more than `most`. */
  checkCount(what: string, count: number, most: number): void {
    if (count > most) {
      throw this.damaged(`it has more ${what} than the ${most} that Carillon reads`)
    }
  }

  damaged(why: string, code: ErrorCode = 'ERR_CARILLON_ELF_DAMAGED'): ElfError {
    return new ElfError(code, `${this.name} is no ELF file that Carillon can read: ${why}`)
  }
}
