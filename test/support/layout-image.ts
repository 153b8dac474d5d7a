import type { LayoutRow } from '../../src/shm/layout.ts'
import {
  declaredRows,
  LAYOUT_TABLE_MAGIC,
  LAYOUT_TABLE_VERSION,
  LayoutTableHeader,
  LayoutTableRow,
} from '../../src/shm/layout-table.ts'
import { LAYOUT_HASH, LAYOUT_VERSION, STRUCTS } from '../../src/shm/shared-mem.ts'
import { memoryOver, viewStruct } from '../../src/shm/struct-view.ts'

/** What a table says otherwise than the firmware of this layout. */
export interface LayoutImage {
  readonly rows?: readonly LayoutRow[]
  readonly magic?: number
  readonly version?: number
  readonly layoutVersion?: number
  readonly layoutHash?: number
  readonly rowBytes?: number
  readonly rowCount?: number
}

/** The rows of the shared layout. */
export const DECLARED: readonly LayoutRow[] = declaredRows(STRUCTS)

/** The table as a compiler would leave it in an ELF file. */
export function layoutImage({ rows = DECLARED, ...header }: LayoutImage = {}): Uint8Array {
  const bytes = new Uint8Array(LayoutTableHeader.bytes + rows.length * LayoutTableRow.bytes)
  const memory = memoryOver(bytes)
  Object.assign(viewStruct(LayoutTableHeader, memory, 0, 'core'), {
    magic: LAYOUT_TABLE_MAGIC,
    version: LAYOUT_TABLE_VERSION,
    layoutVersion: LAYOUT_VERSION,
    layoutHash: LAYOUT_HASH,
    rowBytes: LayoutTableRow.bytes,
    rowCount: rows.length,
    ...header,
  })
  for (const [index, { struct, field, offset, bytes: size }] of rows.entries()) {
    const at = LayoutTableHeader.bytes + index * LayoutTableRow.bytes
    const row = viewStruct(LayoutTableRow, memory, at, 'core')
    Object.assign(row, { structName: struct, fieldName: field, offset, bytes: size })
  }
  return bytes
}
