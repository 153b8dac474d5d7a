import { ElfBytes, type ElfTable } from './elf-bytes.ts'
import { type ElfBits, ElfCursor } from './elf-cursor.ts'
import { ElfError } from './errors.ts'

/** Bytes 0 to 3. */
const MAGIC = [0x7f, 0x45, 0x4c, 0x46]
/** Byte 4 says the class. */
const CLASS_BITS: Readonly<Record<number, ElfBits>> = { 1: 32, 2: 64 }
/** Byte 5 says the order of bytes. */
const LITTLE_ENDIAN = 1
/** Byte 6, and a field of the header. */
const VERSION = 1
const IDENT_BYTES = 16

const HEADER_BYTES = { 32: 52, 64: 64 } as const

/** What stands for a number that the header has no room for. Section 0 has it then. */
const BEYOND_FIELD = 0x1_0000

export interface ElfHeader {
  readonly type: number
  readonly machine: number
  readonly entry: bigint
  readonly segments: ElfTable
  readonly sections: ElfTable
  /** Index of the section with the names of the sections; 0 where they have none. */
  readonly namesIndex: number
}

/**
 * Looks whether it is an ELF file, and of which class.
 *
 * @throws {ElfError} where it is none, or one that is not little-endian.
 */
export function readIdent(name: string, bytes: Uint8Array): ElfBytes {
  if (MAGIC.some((byte, index) => bytes[index] !== byte)) {
    throw new ElfError('ERR_CARILLON_ELF', `${name} is not an ELF file`)
  }
  const bits = CLASS_BITS[bytes[4] ?? 0]
  const file = new ElfBytes(name, bits ?? 64, bytes)
  if (bits === undefined) throw file.damaged('it is of neither 32 nor 64 bits')
  if (bytes[5] !== LITTLE_ENDIAN) {
    throw file.damaged('it is not little-endian', 'ERR_CARILLON_ELF_BYTE_ORDER')
  }
  if (bytes[6] !== VERSION) throw file.damaged(`its version is ${bytes[6]}, not ${VERSION}`)
  return file
}

/** @throws {ElfError} */
export function readHeader(file: ElfBytes): ElfHeader {
  const { bytes } = file.extent(0n, BigInt(HEADER_BYTES[file.bits]), 'its header')
  const cursor = new ElfCursor(bytes, file.bits)
  cursor.skip(IDENT_BYTES)
  const [type, machine, version] = [cursor.u16(), cursor.u16(), cursor.u32()]
  if (version !== VERSION) throw file.damaged(`its version is ${version}, not ${VERSION}`)
  const [entry, segmentsOffset, sectionsOffset] = [cursor.word(), cursor.word(), cursor.word()]
  // Flags of the machine, and the size of this header.
  cursor.skip(4 + 2)
  const segments = { offset: segmentsOffset, entryBytes: cursor.u16(), count: cursor.u16() }
  const [sectionBytes, sectionCount] = [cursor.u16(), cursor.u16()]
  const isBeyond = sectionCount === 0 && sectionsOffset !== 0n
  const sections = {
    offset: sectionsOffset,
    entryBytes: sectionBytes,
    count: isBeyond ? BEYOND_FIELD : sectionCount,
  }
  return { type, machine, entry, segments, sections, namesIndex: cursor.u16() }
}
