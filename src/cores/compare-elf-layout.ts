import { formatWord } from '../format-word.ts'
import { compareLayouts, type StructDifference } from '../shm/compare-layouts.ts'
import { LayoutError } from '../shm/errors.ts'
import type { LayoutRow } from '../shm/layout.ts'
import { declaredRows, LAYOUT_TABLE_SECTION, readLayoutTable } from '../shm/layout-table.ts'
import { LAYOUT_HASH, LAYOUT_VERSION, STRUCTS } from '../shm/shared-mem.ts'
import type { ElfFile } from './elf-file.ts'

export interface ElfLayoutComparison {
  /** How many structs and fields the declaration has. */
  readonly structs: number
  readonly fields: number
  /** None where the layouts agree. */
  readonly differences: readonly StructDifference[]
}

/**
 * Compares the shared layout with what the compiler of an ELF file made of it.
 *
 * @throws {LayoutError} where the file has no table of its layout that can be read
 *   (`ERR_CARILLON_LAYOUT_MISSING`, `_TABLE`, `_FORMAT`), or all structs agree and only the version
 *   or the hash does not (`_VERSION`).
 */
export function compareElfLayout(elf: ElfFile): ElfLayoutComparison {
  const declared = declaredRows(STRUCTS)
  const compiled = readLayoutTable(elf.name, layoutTableOf(elf))
  const differences = compareLayouts(declared, compiled.rows)
  const { layoutVersion, layoutHash } = compiled
  const isSameVersion = layoutVersion === LAYOUT_VERSION && layoutHash === LAYOUT_HASH
  if (differences.length === 0 && !isSameVersion) {
    const found = versionText(layoutVersion, layoutHash)
    const wanted = versionText(LAYOUT_VERSION, LAYOUT_HASH)
    throw new LayoutError(
      'ERR_CARILLON_LAYOUT_VERSION',
      `${elf.name}: its structs agree, but it was built for ${found}, not ${wanted}`,
    )
  }
  return { ...countRows(declared), differences }
}

/** The error for structs that differ: it names them. */
export function layoutDifference(
  name: string,
  differences: readonly StructDifference[],
): LayoutError {
  const structs = (of: readonly StructDifference[]) => of.map(({ struct }) => struct).join(', ')
  const missing = differences.filter(({ compiled }) => compiled.length === 0)
  const unknown = differences.filter(({ declared }) => declared.length === 0)
  const other = differences.length - missing.length - unknown.length
  if (missing.length + unknown.length === 0) {
    const sentence = `${name}: compiled otherwise than declared: ${structs(differences)}`
    return new LayoutError('ERR_CARILLON_LAYOUT_DIFFERS', sentence)
  }
  const parts = [
    ...(missing.length > 0 ? [`without ${structs(missing)}`] : []),
    ...(unknown.length > 0 ? [`with ${structs(unknown)}, not declared`] : []),
    ...(other > 0 ? [`and ${other} more compiled otherwise`] : []),
  ]
  return new LayoutError('ERR_CARILLON_LAYOUT_STRUCT', `${name}: compiled ${parts.join(', ')}`)
}

function layoutTableOf(elf: ElfFile): Uint8Array {
  const [section, second] = elf.sections.filter(({ name }) => name === LAYOUT_TABLE_SECTION)
  if (section === undefined || section.fileBytes === 0) {
    const how = section === undefined ? 'no' : 'an empty'
    throw new LayoutError(
      'ERR_CARILLON_LAYOUT_MISSING',
      `${elf.name}: it has ${how} section ${LAYOUT_TABLE_SECTION}: was it built with firmware/core/layout_table.c?`,
    )
  }
  if (second !== undefined) {
    throw new LayoutError(
      'ERR_CARILLON_LAYOUT_TABLE',
      `${elf.name}: it has more than one section ${LAYOUT_TABLE_SECTION}`,
    )
  }
  return elf.bytesOf(section)
}

function versionText(version: number, hash: number): string {
  return `version ${version} of the layout with hash ${formatWord(hash)}`
}

function countRows(rows: readonly LayoutRow[]) {
  const structs = rows.filter(({ field }) => field === '').length
  return { structs, fields: rows.length - structs }
}
