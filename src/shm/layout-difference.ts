import { alignLists } from './align-lists.ts'
import type { StructDifference } from './compare-layouts.ts'
import { CACHE_LINE_BYTES, type LayoutRow } from './layout.ts'

/** A line of one side. Those with the same key stand side by side. */
interface Line {
  readonly key: string
  readonly text: string
}

/**
 * Both sides of each struct that differs, with its cache lines. What differs is marked with `!`.
 *
 * @param declaredName the heading of what was declared.
 * @param compiledName the heading of what was compiled.
 */
export function showDifferences(
  differences: readonly StructDifference[],
  declaredName: string,
  compiledName: string,
): string {
  return differences
    .map(({ struct, declared, compiled }) =>
      [
        `struct carillon_${struct}`,
        ...sideBySide(linesOf(declaredName, declared), linesOf(compiledName, compiled)),
        '',
      ].join('\n'),
    )
    .join('\n')
}

function linesOf(name: string, rows: readonly LayoutRow[]): Line[] {
  const heading = { key: 'heading', text: name }
  const [itself, ...fields] = rows
  if (itself === undefined) return [heading, { key: 'size', text: 'there is no such struct' }]
  return [
    heading,
    { key: 'columns', text: columns('offset', 'size', 'field') },
    ...fieldLines(fields),
    { key: 'size', text: `size ${itself.bytes}, alignment ${itself.offset}` },
  ]
}

function fieldLines(fields: readonly LayoutRow[]): Line[] {
  let last = -1
  return fields.flatMap(({ field, offset, bytes }) => {
    const cacheLine = Math.floor(offset / CACHE_LINE_BYTES)
    const line = { key: `.${field}`, text: columns(offset, bytes, field) }
    if (cacheLine === last) return [line]
    last = cacheLine
    const start = cacheLine * CACHE_LINE_BYTES
    return [{ key: `line ${cacheLine}`, text: `--- cache line ${cacheLine} (${start}) ---` }, line]
  })
}

function columns(offset: number | string, bytes: number | string, field: string): string {
  return `${String(offset).padStart(6)} ${String(bytes).padStart(6)}  ${field}`
}

function sideBySide(left: readonly Line[], right: readonly Line[]): string[] {
  const width = Math.max(...left.map(({ text }) => text.length))
  return alignLists(left, right, ({ key }) => key).map(([one, other]) => {
    const isSame = one?.key === 'heading' || one?.text === other?.text
    const mark = isSame ? ' ' : '!'
    return `${mark} ${(one?.text ?? '').padEnd(width)}   ${other?.text ?? ''}`.trimEnd()
  })
}
