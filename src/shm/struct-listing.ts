import { cType } from './c-type.ts'
import {
  CACHE_LINE_BYTES,
  type FieldType,
  fieldType,
  type OwnedField,
  type StructType,
  type Writer,
} from './layout.ts'
import { snakeCase } from './snake-case.ts'

interface Member {
  readonly type: string
  readonly name: string
  readonly offset: number
  readonly bytes: number
  /** Unused bytes before it. */
  readonly hole: number
  readonly writers: string
}

/**
 * The struct in C, as `pahole` shows it: offset and size of each member, in bytes, the cache lines,
 * the holes and what it comes to. After its size stands who writes a member.
 */
export function listStruct(declared: StructType): string {
  const members = membersOf(declared)
  const aligned = declared.align > 8 ? ` __attribute__((__aligned__(${declared.align})))` : ''
  return [
    `// ${declared.summary}`,
    `struct carillon_${declared.name} {`,
    ...memberLines(members),
    '',
    ...summaryLines(declared, members),
    `}${aligned};`,
    '',
  ].join('\n')
}

/** Who writes it, or, of a struct or an array of them, what is in it. */
export function writersOf(declared: FieldType | OwnedField, owner: Writer): readonly Writer[] {
  const writer = declared.kind === 'owned' ? declared.writer : owner
  let type = fieldType(declared)
  while (type.kind === 'array') type = type.element
  if (type.kind !== 'struct') return [writer]
  const inner = type
  return [
    ...new Set(Object.values(inner.fields).flatMap((field) => writersOf(field, inner.writer))),
  ]
}

function membersOf({ fields, offsets, writer }: StructType): Member[] {
  let end = 0
  return Object.entries(fields).map(([field, declared]) => {
    const type = fieldType(declared)
    const { base, suffix } = cType(type)
    const offset = offsets[field] ?? 0
    const hole = offset - end
    end = offset + type.bytes
    return {
      type: base,
      name: `${snakeCase(field)}${suffix};`,
      offset,
      bytes: type.bytes,
      hole,
      writers: writersOf(declared, writer).join(', '),
    }
  })
}

function memberLines(members: readonly Member[]): string[] {
  const width = columnWidths(members)
  let cacheLine = 0
  return members.flatMap((member) => {
    const { offset, hole } = member
    const reached = Math.floor(offset / CACHE_LINE_BYTES)
    const isPast = reached > cacheLine
    cacheLine = reached
    return [
      ...(hole === 0 ? [] : ['', `\t/* XXX ${counted(hole, 'byte')} hole, try to pack */`, '']),
      ...(isPast ? [boundary(reached, offset)] : []),
      memberLine(member, width),
    ]
  })
}

function summaryLines({ bytes }: StructType, members: readonly Member[]): string[] {
  const holes = members.filter(({ hole }) => hole > 0)
  const sumHoles = sum(holes.map(({ hole }) => hole))
  const sumMembers = sum(members.map((member) => member.bytes))
  const padding = bytes - sumMembers - sumHoles
  const inLastLine = bytes % CACHE_LINE_BYTES
  const cacheLines = Math.ceil(bytes / CACHE_LINE_BYTES)
  return [
    `\t/* size: ${bytes}, cachelines: ${cacheLines}, members: ${members.length} */`,
    ...(holes.length === 0
      ? []
      : [`\t/* sum members: ${sumMembers}, holes: ${holes.length}, sum holes: ${sumHoles} */`]),
    ...(padding === 0 ? [] : [`\t/* padding: ${padding} */`]),
    ...(inLastLine === 0 ? [] : [`\t/* last cacheline: ${counted(inLastLine, 'byte')} */`]),
  ]
}

function columnWidths(members: readonly Member[]) {
  const longest = (of: (member: Member) => string) =>
    Math.max(0, ...members.map((member) => of(member).length))
  return {
    type: longest(({ type }) => type),
    name: longest(({ name }) => name),
    writers: longest(({ writers }) => writers),
  }
}

function memberLine(
  { type, name, offset, bytes, writers }: Member,
  width: ReturnType<typeof columnWidths>,
): string {
  const place = `${String(offset).padStart(5)} ${String(bytes).padStart(5)}`
  const code = `${type.padEnd(width.type)} ${name.padEnd(width.name)}`
  return `\t${code} /* ${place}  ${writers.padEnd(width.writers)} */`
}

function boundary(cacheLine: number, offset: number): string {
  const past = offset % CACHE_LINE_BYTES
  const ago = past === 0 ? '' : ` was ${counted(past, 'byte')} ago`
  return `\t/* --- cacheline ${cacheLine} boundary (${cacheLine * CACHE_LINE_BYTES} bytes)${ago} --- */`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
