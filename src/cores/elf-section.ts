import type { ElfBytes, ElfTable } from './elf-bytes.ts'
import type { ElfCursor } from './elf-cursor.ts'
import { ELF_LIMITS } from './elf-limits.ts'

/** Kinds of section (`sh_type`). */
export const ELF_SECTION = { NULL: 0, SYMBOLS: 2, STRINGS: 3, NO_BITS: 8 } as const

/** A part of the file that has a name: `.text`, `.layout_table`. */
export interface ElfSection {
  readonly name: string
  /** Of ELF_SECTION, or another. */
  readonly type: number
  /** 1 to write, 2 in memory, 4 to execute, and others (`SHF_…`). */
  readonly flags: bigint
  readonly address: bigint
  /** Where its bytes are in the file; 0 where it has none. */
  readonly offset: number
  /** How many bytes of the file it has: none where its kind is NO_BITS. */
  readonly fileBytes: number
  /** Its size, also where that is not in the file. */
  readonly memoryBytes: bigint
  /** Index of the section that it refers to: of symbols, the one with their names. */
  readonly link: number
  /** Of a table, the bytes of an entry. */
  readonly entryBytes: bigint
}

const SECTION_BYTES = { 32: 40, 64: 64 } as const

interface UnnamedSection extends Omit<ElfSection, 'name'> {
  readonly nameOffset: number
}

/** @throws {ElfError} where they are damaged or too many. */
export function readSections(file: ElfBytes, table: ElfTable, namesIndex: number): ElfSection[] {
  file.checkCount('sections', table.count, ELF_LIMITS.SECTIONS_MAX)
  const sections = file
    .entries(table, SECTION_BYTES[file.bits], 'sections')
    .map((cursor, index) => readSection(file, cursor, `section ${index}`))
  // 0 is no section: then none has a name.
  const names = namesIndex === 0 ? undefined : stringsOf(file, sections, namesIndex, 'sections')
  return sections.map(({ nameOffset, ...section }, index) => ({
    name: names === undefined ? '' : file.text(names, nameOffset, `section ${index}`),
    ...section,
  }))
}

/**
 * The contents of a section of strings.
 *
 * @throws {ElfError} where there is none of this index, or it is of another kind.
 */
export function stringsOf(
  file: ElfBytes,
  sections: readonly Omit<ElfSection, 'name'>[],
  index: number,
  whose: string,
): Uint8Array {
  const section = sections[index]
  if (section?.type === ELF_SECTION.STRINGS) return file.slice(section.offset, section.fileBytes)
  throw file.damaged(`the names of its ${whose} would be in section ${index}, which has no strings`)
}

function readSection(file: ElfBytes, cursor: ElfCursor, what: string): UnnamedSection {
  const [nameOffset, type] = [cursor.u32(), cursor.u32()]
  const [flags, address] = [cursor.word(), cursor.word()]
  const [start, memoryBytes] = [cursor.word(), cursor.word()]
  const link = cursor.u32()
  // `sh_info`, whose meaning depends on the type, and the alignment.
  cursor.skip(4)
  cursor.word()
  const entryBytes = cursor.word()
  const isInFile = type !== ELF_SECTION.NULL && type !== ELF_SECTION.NO_BITS
  const { offset, bytes } = file.extent(start, isInFile ? memoryBytes : 0n, what)
  const place = { offset, fileBytes: bytes.length, memoryBytes }
  return { nameOffset, type, flags, address, ...place, link, entryBytes }
}
