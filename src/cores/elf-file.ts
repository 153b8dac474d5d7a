import type { ElfBytes } from './elf-bytes.ts'
import type { ElfBits } from './elf-cursor.ts'
import { readHeader, readIdent } from './elf-header.ts'
import { type ElfSection, readSections } from './elf-section.ts'
import { type ElfSegment, readSegments } from './elf-segment.ts'
import { type ElfSymbol, readSymbols } from './elf-symbol.ts'

/**
 * An ELF file, 32 or 64 bits, little-endian: an object, a program or a library, of any machine. The
 * format is that of the System V ABI.
 *
 * Nothing in it is trusted: each offset, size and index is checked against the file, and each count
 * against `ELF_LIMITS`, before it is used. What places something in the file is a number; what is of
 * the machine's memory is a bigint and may be anything.
 */
export class ElfFile {
  /** What messages call it. */
  readonly name: string
  readonly bits: ElfBits
  /** 1 an object, 2 a program, 3 a library or a program that may lie anywhere (`e_type`). */
  readonly type: number
  /** The processor (`e_machine`); `machineName` says it in words. */
  readonly machine: number
  /** Where execution begins. */
  readonly entry: bigint
  readonly segments: readonly ElfSegment[]
  /** By their index; the first one is empty. */
  readonly sections: readonly ElfSection[]
  readonly #bytes: ElfBytes

  /**
   * @param name what messages call it.
   * @param bytes the whole file. It is kept, not copied.
   * @throws {ElfError} `ERR_CARILLON_ELF` where it is none; `ERR_CARILLON_ELF_TRUNCATED`,
   *   `_BYTE_ORDER`, `_DAMAGED` where it is one that cannot be read, or is beyond a limit.
   */
  constructor(name: string, bytes: Uint8Array) {
    this.#bytes = readIdent(name, bytes)
    const header = readHeader(this.#bytes)
    this.name = name
    this.bits = this.#bytes.bits
    this.type = header.type
    this.machine = header.machine
    this.entry = header.entry
    this.segments = readSegments(this.#bytes, header.segments)
    this.sections = readSections(this.#bytes, header.sections, header.namesIndex)
  }

  /** The bytes that one of its sections or segments has in the file. Not a copy. */
  bytesOf({ offset, fileBytes }: ElfSection | ElfSegment): Uint8Array {
    return this.#bytes.slice(offset, fileBytes)
  }

  /**
   * Its symbols; none where it is stripped.
   *
   * @throws {ElfError} `ERR_CARILLON_ELF_DAMAGED` where they are damaged or too many.
   */
  symbols(): ElfSymbol[] {
    return readSymbols(this.#bytes, this.sections)
  }
}
