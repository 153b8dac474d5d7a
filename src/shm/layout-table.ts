import { LayoutError } from './errors.ts'
import { type LayoutRow, layoutTable, type StructType, struct, text, u32 } from './layout.ts'
import { snakeCase } from './snake-case.ts'
import { type Memory, memoryOver, viewStruct } from './struct-view.ts'

/**
 * The table that the firmware carries of its own layout: what its compiler made of every struct. It
 * is a {@link LayoutTableHeader}, then its rows, in a section of the ELF file.
 */
export const LAYOUT_TABLE_SECTION = '.layout_table'

/** The first word of a table: the bytes `CRLT`. */
export const LAYOUT_TABLE_MAGIC = 0x544c5243

/** Of the table's format. The first two words of a header stay what they are in every version. */
export const LAYOUT_TABLE_VERSION = 1

/** The most rows of a table that is read: seven times those of today. */
export const LAYOUT_TABLE_ROWS_MAX = 1024

export const LayoutTableHeader = struct(
  'layout_table_header',
  { writer: 'core', summary: "Begins the firmware's table of its layout; the rows follow it." },
  {
    /** LAYOUT_TABLE_MAGIC. */
    magic: u32,
    /** LAYOUT_TABLE_VERSION. */
    version: u32,
    /** LAYOUT_VERSION and LAYOUT_HASH, as the firmware was compiled with them. */
    layoutVersion: u32,
    layoutHash: u32,
    rowBytes: u32,
    rowCount: u32,
  },
)

export const LayoutTableRow = struct(
  'layout_table_row',
  { writer: 'core', summary: 'A struct, or a field of one, in the table of the layout.' },
  {
    /** In C's spelling, without the prefix: `core_status`. */
    structName: text(32),
    /** In C's spelling; empty for the struct itself. */
    fieldName: text(32),
    /** Of a struct its alignment. */
    offset: u32,
    bytes: u32,
  },
)

/** What the table is made of. It is no part of the shared layout, and of its hash. */
export const LAYOUT_TABLE_STRUCTS = [LayoutTableHeader, LayoutTableRow] as const

/** A table that was read. */
export interface CompiledLayout {
  /** LAYOUT_VERSION of the firmware. */
  readonly layoutVersion: number
  /** LAYOUT_HASH of the firmware. */
  readonly layoutHash: number
  /** With the names in C's spelling. */
  readonly rows: readonly LayoutRow[]
}

/** The rows that a compiler must come to, with the names in C's spelling. */
export function declaredRows(structs: readonly StructType[]): LayoutRow[] {
  return layoutTable(structs).map((row) => ({ ...row, field: snakeCase(row.field) }))
}

/**
 * Reads the contents of a {@link LAYOUT_TABLE_SECTION}.
 *
 * @param name what the messages call the file.
 * @throws {LayoutError} `ERR_CARILLON_LAYOUT_TABLE` where it is no table or a damaged one,
 *   `ERR_CARILLON_LAYOUT_FORMAT` where it is of a version that is not known.
 */
export function readLayoutTable(name: string, bytes: Uint8Array): CompiledLayout {
  // A copy, so that it starts on a word; and whole words, so that what is too short can be read.
  const copy = new Uint8Array(Math.max(LayoutTableHeader.bytes, Math.ceil(bytes.length / 4) * 4))
  copy.set(bytes)
  const memory = memoryOver(copy)
  const header = viewStruct(LayoutTableHeader, memory, 0, 'reader')
  if (header.magic !== LAYOUT_TABLE_MAGIC) throw damaged(name, 'it does not begin as one')
  if (header.version !== LAYOUT_TABLE_VERSION) {
    throw new LayoutError(
      'ERR_CARILLON_LAYOUT_FORMAT',
      `${name}: its layout table is of version ${header.version}, and Carillon reads version ${LAYOUT_TABLE_VERSION}`,
    )
  }
  const { layoutVersion, layoutHash, rowBytes, rowCount } = header
  if (rowBytes !== LayoutTableRow.bytes) {
    throw damaged(name, `its rows have ${rowBytes} bytes, not ${LayoutTableRow.bytes}`)
  }
  if (rowCount > LAYOUT_TABLE_ROWS_MAX) {
    throw damaged(name, `it has ${rowCount} rows, more than ${LAYOUT_TABLE_ROWS_MAX}`)
  }
  const wanted = LayoutTableHeader.bytes + rowCount * rowBytes
  if (bytes.length !== wanted) {
    throw damaged(name, `${rowCount} rows make ${wanted} bytes, and it has ${bytes.length}`)
  }
  const rows = Array.from({ length: rowCount }, (_, index) => readRow(name, memory, index))
  checkOrder(name, rows)
  return { layoutVersion, layoutHash, rows }
}

/** Names as C has them: what is printed must not drive a terminal. */
const STRUCT_NAME = /^[a-z_][a-z0-9_]*$/i
const FIELD_NAME = /^([a-z_][a-z0-9_]*)?$/i

function readRow(name: string, memory: Memory, index: number): LayoutRow {
  const at = LayoutTableHeader.bytes + index * LayoutTableRow.bytes
  const { structName, fieldName, offset, bytes } = viewStruct(LayoutTableRow, memory, at, 'reader')
  if (!STRUCT_NAME.test(structName) || !FIELD_NAME.test(fieldName)) {
    throw damaged(name, `the names in row ${index} are none of C's`)
  }
  return { struct: structName, field: fieldName, offset, bytes }
}

/** Each struct once, each of its fields once, and a struct's fields right after it. */
function checkOrder(name: string, rows: readonly LayoutRow[]): void {
  const seen = new Set<string>()
  let current = ''
  for (const { struct: owner, field } of rows) {
    if (field === '') current = owner
    const full = field === '' ? owner : `${owner}.${field}`
    if (owner !== current) throw damaged(name, `${full} does not follow its struct`)
    if (seen.has(full)) throw damaged(name, `${full} is there twice`)
    seen.add(full)
  }
}

function damaged(name: string, why: string): LayoutError {
  return new LayoutError(
    'ERR_CARILLON_LAYOUT_TABLE',
    `${name}: its layout table is damaged: ${why}`,
  )
}
