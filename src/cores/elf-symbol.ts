import type { ElfBytes } from './elf-bytes.ts'
import type { ElfCursor } from './elf-cursor.ts'
import { ELF_LIMITS } from './elf-limits.ts'
import { ELF_SECTION, type ElfSection, stringsOf } from './elf-section.ts'

/** A name of the program's: a function, an object. */
export interface ElfSymbol {
  readonly name: string
  /** Its address; in an object file, its place in its section. */
  readonly value: bigint
  readonly bytes: bigint
  /** 1 an object, 2 a function, and others (`STT_…`). */
  readonly type: number
  /** 0 local, 1 global, 2 weak (`STB_…`). */
  readonly binding: number
  /** Index of its section; 0 where it is not defined, and above the sections where it has none. */
  readonly section: number
}

const SYMBOL_BYTES = { 32: 16, 64: 24 } as const

/** @throws {ElfError} where they are damaged or too many. */
export function readSymbols(file: ElfBytes, sections: readonly ElfSection[]): ElfSymbol[] {
  const table = sections.find(({ type }) => type === ELF_SECTION.SYMBOLS)
  if (table === undefined) return []
  const size = SYMBOL_BYTES[file.bits]
  if (table.fileBytes % size !== 0) throw file.damaged(`its symbols are not ${size} bytes each`)
  const count = table.fileBytes / size
  file.checkCount('symbols', count, ELF_LIMITS.SYMBOLS_MAX)
  const names = stringsOf(file, sections, table.link, 'symbols')
  const place = { offset: BigInt(table.offset), entryBytes: Number(table.entryBytes), count }
  return file
    .entries(place, size, 'symbols')
    .map((cursor, index) => readSymbol(file, cursor, names, `symbol ${index}`))
}

function readSymbol(file: ElfBytes, cursor: ElfCursor, names: Uint8Array, what: string): ElfSymbol {
  const name = file.text(names, cursor.u32(), what)
  const place = () => ({ value: cursor.word(), bytes: cursor.word() })
  // As with segments, the order is what leaves no gap.
  const early = file.bits === 32 ? place() : undefined
  const info = cursor.u8()
  // Who else may see it.
  cursor.skip(1)
  const section = cursor.u16()
  const { value, bytes } = early ?? place()
  return { name, value, bytes, type: info & 0xf, binding: info >> 4, section }
}
