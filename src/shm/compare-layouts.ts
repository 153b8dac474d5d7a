import type { LayoutRow } from './layout.ts'

/** A struct that two layouts do not agree on. */
export interface StructDifference {
  readonly struct: string
  /** The struct's row and its fields' by their offsets; empty where it is not declared. */
  readonly declared: readonly LayoutRow[]
  /** The same as it was compiled; empty where it is not there. */
  readonly compiled: readonly LayoutRow[]
}

/** The structs that differ, in the order of the declaration; then those that are only compiled. */
export function compareLayouts(
  declared: readonly LayoutRow[],
  compiled: readonly LayoutRow[],
): StructDifference[] {
  const [left, right] = [byStruct(declared), byStruct(compiled)]
  return [...new Set([...left.keys(), ...right.keys()])]
    .map((struct) => ({
      struct,
      declared: left.get(struct) ?? [],
      compiled: right.get(struct) ?? [],
    }))
    .filter((pair) => !areEqual(pair.declared, pair.compiled))
}

function byStruct(rows: readonly LayoutRow[]): Map<string, LayoutRow[]> {
  const structs = new Map<string, LayoutRow[]>()
  for (const row of rows) structs.set(row.struct, [...(structs.get(row.struct) ?? []), row])
  for (const of of structs.values()) of.sort(byPlace)
  return structs
}

/** The struct itself, then its fields by offset: a table may list them otherwise. */
function byPlace(a: LayoutRow, b: LayoutRow): number {
  return Number(b.field === '') - Number(a.field === '') || a.offset - b.offset
}

function areEqual(left: readonly LayoutRow[], right: readonly LayoutRow[]): boolean {
  return (
    left.length === right.length &&
    left.every((row, index) => {
      const other = right[index]
      return (
        other !== undefined &&
        row.field === other.field &&
        row.offset === other.offset &&
        row.bytes === other.bytes
      )
    })
  )
}
