import { DwarfCursor, damaged } from './dwarf-cursor.ts'
import { DWARF_LIMITS } from './dwarf-limits.ts'

/** In place of a length of 32 bits: one of 64 follows. */
const LENGTH_64 = 0xffffffff
/** From here on they are reserved. */
const LENGTH_RESERVED = 0xfffffff0

/** What an entry of version 5 says (`DW_LNCT_…`). */
const CONTENT = { PATH: 1, DIRECTORY: 2 } as const

/** How it says that (`DW_FORM_…`). */
const FORM = {
  DATA2: 0x05,
  DATA4: 0x06,
  DATA8: 0x07,
  STRING: 0x08,
  BLOCK: 0x09,
  DATA1: 0x0b,
  STRP: 0x0e,
  UDATA: 0x0f,
  DATA16: 0x1e,
  LINE_STRP: 0x1f,
} as const

/** The sections of a file that a table of lines refers to. Empty where the file has none. */
export interface DwarfSections {
  /** `.debug_line` */
  readonly line: Uint8Array
  /** `.debug_line_str` */
  readonly lineStrings: Uint8Array
  /** `.debug_str` */
  readonly strings: Uint8Array
}

/** The table of one compilation: its header up to the names, and where the rest lies. */
export interface DwarfLineUnit {
  readonly version: number
  readonly isWide: boolean
  readonly minInstructionBytes: number
  readonly lineBase: number
  readonly lineRange: number
  /** Operands of the opcodes from 1 on. */
  readonly operandCounts: readonly number[]
  readonly namesAt: number
  readonly programAt: number
  readonly end: number
}

interface Name {
  readonly path: string | TextPlace
  readonly directory: number
}

/** Text in a section of strings. It is read where it is asked for: many names may share one long text. */
interface TextPlace {
  readonly strings: Uint8Array
  readonly offset: number
}

/** @throws {ElfError} where it is damaged, or of a version that is not 2 to 5. */
export function readLineUnit(bytes: Uint8Array, at: number): DwarfLineUnit {
  const start = new DwarfCursor(bytes, at, bytes.length)
  const short = start.u32()
  const isWide = short === LENGTH_64
  if (!isWide && short >= LENGTH_RESERVED) throw damaged('a length that is reserved')
  const length = isWide ? start.u64() : short
  if (length > bytes.length - start.at) throw damaged('a unit that ends behind it')
  const end = start.at + length
  const cursor = new DwarfCursor(bytes, start.at, end)
  const version = cursor.u16()
  if (version < 2 || version > 5) throw damaged(`version ${version}, not 2 to 5`)
  // The size of addresses and of segments: each opcode with an address says how long it is.
  if (version >= 5) cursor.skip(2)
  const headerBytes = cursor.word(isWide ? 8 : 4)
  const programAt = cursor.at + headerBytes
  if (programAt > end) throw damaged('a header that ends behind its unit')
  const minInstructionBytes = cursor.u8()
  // Processors that run several operations of one instruction word at once.
  if (version >= 4 && cursor.u8() !== 1) throw damaged('several operations to an instruction')
  // Whether a row is a recommended breakpoint.
  cursor.skip(1)
  const [lineBase, lineRange, opcodeBase] = [cursor.i8(), cursor.u8(), cursor.u8()]
  if (lineRange === 0 || opcodeBase === 0) throw damaged('a range of 0')
  const operandCounts = Array.from({ length: opcodeBase - 1 }, () => cursor.u8())
  const place = { namesAt: cursor.at, programAt, end }
  return { version, isWide, minInstructionBytes, lineBase, lineRange, operandCounts, ...place }
}

/**
 * The path of a file of a unit, relative to where the compiler ran, or as the compiler was told it.
 *
 * @param file its number, as the rows have it.
 * @throws {ElfError} where the names are damaged, or too many; undefined where it has none.
 */
export function fileOfUnit(
  sections: DwarfSections,
  unit: DwarfLineUnit,
  file: number,
): string | undefined {
  const cursor = new DwarfCursor(sections.line, unit.namesAt, unit.programAt)
  const { directories, files } =
    unit.version >= 5 ? namesOf5(sections, unit, cursor) : namesBefore5(cursor)
  const name = files[file]
  const path = name === undefined ? '' : textOf(name.path)
  if (name === undefined || path === '') return undefined
  const directory = textOf(directories[name.directory]?.path ?? '')
  // Directory 0 is the one in which the compiler ran.
  if (name.directory === 0 || directory === '' || path.startsWith('/')) return path
  return `${directory}/${path}`
}

/** Both begin at 1: what is 0 is not listed. */
function namesBefore5(cursor: DwarfCursor) {
  const directories: Name[] = [{ path: '', directory: 0 }]
  for (let path = cursor.text(); path !== ''; path = cursor.text()) {
    directories.push({ path, directory: 0 })
    checkCount(directories.length)
  }
  const files: Name[] = [{ path: '', directory: 0 }]
  for (let path = cursor.text(); path !== ''; path = cursor.text()) {
    files.push({ path, directory: cursor.unsigned() })
    // When it was changed, and its length.
    cursor.unsigned()
    cursor.unsigned()
    checkCount(files.length)
  }
  return { directories, files }
}

function namesOf5(sections: DwarfSections, unit: DwarfLineUnit, cursor: DwarfCursor) {
  const directories = entriesOf5(sections, unit, cursor)
  return { directories, files: entriesOf5(sections, unit, cursor) }
}

function entriesOf5(sections: DwarfSections, unit: DwarfLineUnit, cursor: DwarfCursor): Name[] {
  const formatCount = cursor.u8()
  if (formatCount > DWARF_LIMITS.FORMATS_MAX) throw damaged('an entry of too many parts')
  const formats = Array.from({ length: formatCount }, () => ({
    content: cursor.unsigned(),
    form: cursor.unsigned(),
  }))
  const count = cursor.unsigned()
  checkCount(count)
  return Array.from({ length: count }, () => {
    let path: Name['path'] = ''
    let directory = 0
    for (const { content, form } of formats) {
      const value = readForm(sections, unit, cursor, form)
      if (content === CONTENT.PATH && isText(value)) path = value
      if (content === CONTENT.DIRECTORY && typeof value === 'number') directory = value
    }
    return { path, directory }
  })
}

/** Undefined where it is neither a number nor text. */
function readForm(
  { lineStrings, strings }: DwarfSections,
  { isWide }: DwarfLineUnit,
  cursor: DwarfCursor,
  form: number,
): number | Name['path'] | undefined {
  const offset = () => cursor.word(isWide ? 8 : 4)
  switch (form) {
    case FORM.STRING:
      return cursor.text()
    case FORM.LINE_STRP:
      return { strings: lineStrings, offset: offset() }
    case FORM.STRP:
      return { strings, offset: offset() }
    case FORM.UDATA:
      return cursor.unsigned()
    case FORM.DATA1:
      return cursor.u8()
    case FORM.DATA2:
      return cursor.u16()
    case FORM.DATA4:
      return cursor.u32()
    case FORM.DATA8:
      return cursor.skip(8)
    case FORM.DATA16:
      return cursor.skip(16)
    case FORM.BLOCK:
      return cursor.skip(cursor.unsigned())
    default:
      throw damaged(`a form of 0x${form.toString(16)}`)
  }
}

function isText(value: ReturnType<typeof readForm>): value is Name['path'] {
  return value !== undefined && typeof value !== 'number'
}

/** @throws {ElfError} where it lies beyond the strings. */
function textOf(path: Name['path']): string {
  if (typeof path === 'string') return path
  const { strings, offset } = path
  if (offset >= strings.length) throw damaged('a path beyond the strings')
  return new DwarfCursor(strings, offset, strings.length).text()
}

function checkCount(count: number): void {
  if (count > DWARF_LIMITS.NAMES_MAX) throw damaged(`${count} names`)
}
