import { crc32 } from 'node:zlib'
import { checkInteger } from '../arguments.ts'

/**
 * A small language for structs that TypeScript and C share. Sizes, offsets and alignment follow
 * C's rules on every target of the project (natural alignment, little-endian); the generated header
 * asserts each of them, so a compiler that thinks otherwise does not compile.
 *
 * A field says who may write it. Its {@link StructView} has a setter only for that side, and in
 * the types too.
 */

/** Who writes a field. Everyone may read every field. */
export type Writer = 'host' | 'core' | 'producer' | 'consumer'

/** Who looks at a struct: one who may write its own fields, or one who only reads. */
export type Side = Writer | 'reader'

/** The size of a cache line on every core that the project runs on, in bytes. */
export const CACHE_LINE_BYTES = 64

const SCALARS = {
  u8: { bytes: 1, cType: 'uint8_t' },
  u16: { bytes: 2, cType: 'uint16_t' },
  u32: { bytes: 4, cType: 'uint32_t' },
  u64: { bytes: 8, cType: 'uint64_t' },
  f32: { bytes: 4, cType: 'float' },
  f64: { bytes: 8, cType: 'double' },
} as const

export type ScalarKind = keyof typeof SCALARS

export interface ScalarType<K extends ScalarKind = ScalarKind> {
  readonly kind: K
  readonly bytes: number
  readonly align: number
  readonly cType: string
}

/** Text of at most `bytes` - 1 bytes of UTF-8, closed by a zero byte. */
export interface TextType {
  readonly kind: 'text'
  readonly bytes: number
  readonly align: 1
}

export interface ArrayType<E extends FieldType = FieldType, N extends number = number> {
  readonly kind: 'array'
  readonly bytes: number
  readonly align: number
  readonly element: E
  readonly count: N
}

export interface StructType<F extends Fields = Fields, W extends Writer = Writer> {
  readonly kind: 'struct'
  /** In C: `struct carillon_<name>`. */
  readonly name: string
  /** Who writes the fields that do not say so themselves. */
  readonly writer: W
  readonly fields: F
  readonly offsets: { readonly [K in keyof F]: number }
  readonly bytes: number
  readonly align: number
  /** A sentence for the generated header. */
  readonly summary: string
}

export type FieldType = ScalarType | TextType | ArrayType | StructType
/** A field whose writer is not that of its struct. */
export interface OwnedField<T extends FieldType = FieldType, W extends Writer = Writer> {
  readonly kind: 'owned'
  readonly type: T
  readonly writer: W
}
export type Fields = Readonly<Record<string, FieldType | OwnedField>>

function scalar<K extends ScalarKind>(kind: K): ScalarType<K> {
  const { bytes, cType } = SCALARS[kind]
  return { kind, bytes, align: bytes, cType }
}

export const u8 = scalar('u8')
export const u16 = scalar('u16')
export const u32 = scalar('u32')
export const u64 = scalar('u64')
export const f32 = scalar('f32')
export const f64 = scalar('f64')

/** Sizes and offsets are 32 bits wide. */
const COUNT_MAX = 0xffffffff

/**
 * Characters, filled up with zeros.
 *
 * @throws {ArgumentError} where it is not 1 to 2^32 - 1 bytes.
 */
export function text(bytes: number): TextType {
  checkInteger('bytes', bytes, 1, COUNT_MAX)
  return { kind: 'text', bytes, align: 1 }
}

/**
 * Elements one behind the other.
 *
 * @throws {ArgumentError} where it is not 1 to 2^32 - 1 of them.
 */
export function array<E extends FieldType, N extends number>(
  element: E,
  count: N,
): ArrayType<E, N> {
  checkInteger('count', count, 1, COUNT_MAX)
  return { kind: 'array', bytes: element.bytes * count, align: element.align, element, count }
}

/** Marks a field that another side writes than the rest of its struct. */
export function writtenBy<W extends Writer, T extends FieldType>(
  writer: W,
  type: T,
): OwnedField<T, W> {
  return { kind: 'owned', type, writer }
}

export interface StructOptions<W extends Writer> {
  readonly writer: W
  readonly summary: string
  /** Starts on a cache line of its own and fills whole lines, so that no other writer's data shares them. */
  readonly cacheAligned?: boolean
}

/** Declares a struct: fields in order, each at the next multiple of its alignment. */
export function struct<const F extends Fields, W extends Writer>(
  name: string,
  options: StructOptions<W>,
  fields: F,
): StructType<F, W> {
  const offsets: Record<string, number> = {}
  let end = 0
  let align = options.cacheAligned ? CACHE_LINE_BYTES : 1
  for (const [field, declared] of Object.entries(fields)) {
    const type = fieldType(declared)
    end = roundUp(end, type.align)
    offsets[field] = end
    end += type.bytes
    align = Math.max(align, type.align)
  }
  return {
    kind: 'struct',
    name,
    writer: options.writer,
    summary: options.summary,
    fields,
    offsets: offsets as { [K in keyof F]: number },
    bytes: roundUp(end, align),
    align,
  }
}

/** The type of a field, whoever writes it. */
export function fieldType(declared: FieldType | OwnedField): FieldType {
  return declared.kind === 'owned' ? declared.type : declared
}

/** The least multiple of `align`, a power of two, that is not below `value`. */
export function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align
}

/** One line of a layout table: where a field lies in its struct. */
export interface LayoutRow {
  readonly struct: string
  /** Empty for the struct itself. */
  readonly field: string
  /** Bytes from the start of the struct; for the struct itself, its alignment. */
  readonly offset: number
  readonly bytes: number
}

/** The rows of the structs: each struct, then its fields. */
export function layoutTable(structs: readonly StructType[]): LayoutRow[] {
  return structs.flatMap((declared) => [
    { struct: declared.name, field: '', offset: declared.align, bytes: declared.bytes },
    ...Object.entries(declared.fields).map(([field, inner]) => ({
      struct: declared.name,
      field,
      offset: declared.offsets[field] ?? 0,
      bytes: fieldType(inner).bytes,
    })),
  ])
}

/** 32 bits that differ when the layout differs: CRC-32 over the names, offsets and sizes of the table. */
export function layoutHash(structs: readonly StructType[]): number {
  const rows = layoutTable(structs).map(
    ({ struct, field, offset, bytes }) => `${struct}.${field}@${offset}+${bytes};`,
  )
  return crc32(rows.join(''))
}
