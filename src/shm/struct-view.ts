import { checkBytes } from '../arguments.ts'
import { ArgumentError } from '../errors.ts'
import { markDevice } from './device-memory.ts'
import {
  type ArrayType,
  type Fields,
  type FieldType,
  fieldType,
  type OwnedField,
  type ScalarType,
  type Side,
  type StructType,
  type TextType,
  type Writer,
} from './layout.ts'
import { copyIn, copyOut } from './memory-copy.ts'

/** Bytes to lay structs over: a mapped file, or any ArrayBuffer. */
export interface Memory {
  readonly bytes: Uint8Array
  /** Over the same bytes. Plain accesses: for what another store publishes. */
  readonly data: DataView
  /** Over the same bytes. For `Atomics`, which are sequentially consistent. */
  readonly words: Int32Array
  /** Whether it is mapped as a device's, which takes aligned accesses only: bytes are copied by words. */
  readonly isDevice: boolean
}

/**
 * @param isDevice whether it is mapped as a device's.
 * @throws {ArgumentError} where they are no Uint8Array, do not start on a multiple of 4, or are not whole words.
 */
export function memoryOver(bytes: Uint8Array, isDevice = false): Memory {
  checkBytes('memory', bytes)
  if (bytes.byteOffset % 4 !== 0 || bytes.byteLength % 4 !== 0) {
    throw new ArgumentError(
      `memory is whole words from a multiple of 4 on, not ${bytes.byteLength} bytes from ${bytes.byteOffset}`,
    )
  }
  if (isDevice) markDevice(bytes.buffer)
  return {
    bytes,
    data: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    words: new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4),
    isDevice,
  }
}

type ValueOf<T, S extends Side, W extends Writer> =
  T extends ScalarType<infer K>
    ? K extends 'u64'
      ? bigint
      : number
    : T extends TextType
      ? string
      : T extends ArrayType<infer E>
        ? ArrayView<E, S, W>
        : T extends StructType
          ? StructView<T, S>
          : never

type ArrayView<E extends FieldType, S extends Side, W extends Writer> = E extends StructType
  ? readonly StructView<E, S>[]
  : S extends W
    ? { readonly length: number; [index: number]: ValueOf<E, S, W> }
    : { readonly length: number; readonly [index: number]: ValueOf<E, S, W> }

type WriterOf<D, W extends Writer> = D extends OwnedField<FieldType, infer O> ? O : W
type TypeOf<D> = D extends OwnedField<infer T> ? T : D
type IsPlain<D> = TypeOf<D> extends ScalarType | TextType ? true : false
type IsSettable<D, W extends Writer, S extends Side> =
  IsPlain<D> extends true ? (S extends WriterOf<D, W> ? true : false) : false

type ViewOf<F extends Fields, W extends Writer, S extends Side> = {
  -readonly [K in keyof F as IsSettable<F[K], W, S> extends true ? K : never]: ValueOf<
    TypeOf<F[K]>,
    S,
    WriterOf<F[K], W>
  >
} & {
  readonly [K in keyof F as IsSettable<F[K], W, S> extends true ? never : K]: ValueOf<
    TypeOf<F[K]>,
    S,
    WriterOf<F[K], W>
  >
}

/**
 * A struct at a place in memory, seen by one side: every field can be read, only that side's can be
 * written.
 *
 * A `u32` is read with acquire and written with release (in JavaScript `Atomics`, which is
 * stronger); all others are plain and rely on a `u32` that publishes them.
 */
export type StructView<T extends StructType, S extends Side> =
  T extends StructType<infer F, infer W> ? ViewOf<F, W, S> : never

/** @throws {ArgumentError} where the struct does not fit or is not aligned at `offset`. */
export function viewStruct<T extends StructType, const S extends Side>(
  type: T,
  memory: Memory,
  offset: number,
  side: S,
): StructView<T, S> {
  if (offset % type.align !== 0 || offset < 0 || offset + type.bytes > memory.bytes.byteLength) {
    throw new ArgumentError(
      `struct ${type.name} (${type.bytes} bytes, aligned to ${type.align}) does not fit at ${offset} of ${memory.bytes.byteLength} bytes`,
    )
  }
  const view = {}
  for (const [field, declared] of Object.entries(type.fields)) {
    const inner = fieldType(declared)
    const writer = declared.kind === 'owned' ? declared.writer : type.writer
    const at = offset + (type.offsets[field] ?? 0)
    Object.defineProperty(view, field, {
      enumerable: true,
      ...access(inner, memory, at, side, writer === side),
    })
  }
  return view as StructView<T, S>
}

interface Access {
  get: () => unknown
  set?: (value: never) => void
}

function access(
  type: FieldType,
  memory: Memory,
  at: number,
  side: Side,
  writable: boolean,
): Access {
  if (type.kind === 'struct') return { get: once(() => viewStruct(type, memory, at, side)) }
  if (type.kind === 'array') return { get: once(() => viewArray(type, memory, at, side, writable)) }
  const { get, set } =
    type.kind === 'text' ? textAccess(type, memory, at) : scalarAccess(type, memory, at)
  return writable ? { get, set } : { get }
}

/** Most of a region is never looked at by name: what lies within a struct is viewed when it is. */
function once<Value extends object>(make: () => Value): () => Value {
  let made: Value | undefined
  return () => {
    made ??= make()
    return made
  }
}

function viewArray(
  type: ArrayType,
  memory: Memory,
  at: number,
  side: Side,
  writable: boolean,
): object {
  const view: unknown[] = new Array(type.count)
  for (let index = 0; index < type.count; index++) {
    const place = at + index * type.element.bytes
    Object.defineProperty(view, index, {
      enumerable: true,
      ...access(type.element, memory, place, side, writable),
    })
  }
  return view
}

function scalarAccess(type: ScalarType, memory: Memory, at: number) {
  const { data, words } = memory
  switch (type.kind) {
    case 'u8':
      return { get: () => data.getUint8(at), set: (value: number) => data.setUint8(at, value) }
    case 'u16':
      return {
        get: () => data.getUint16(at, true),
        set: (value: number) => data.setUint16(at, value, true),
      }
    case 'u32': {
      const index = at / 4
      return {
        get: () => Atomics.load(words, index) >>> 0,
        set: (value: number) => {
          Atomics.store(words, index, value | 0)
        },
      }
    }
    case 'u64':
      return {
        get: () => data.getBigUint64(at, true),
        set: (value: bigint) => data.setBigUint64(at, value, true),
      }
    case 'f32':
      return {
        get: () => data.getFloat32(at, true),
        set: (value: number) => data.setFloat32(at, value, true),
      }
    case 'f64':
      return {
        get: () => data.getFloat64(at, true),
        set: (value: number) => data.setFloat64(at, value, true),
      }
  }
}

function textAccess(type: TextType, memory: Memory, at: number) {
  return {
    get: () => {
      const field = new Uint8Array(type.bytes)
      copyOut(memory, at, field)
      const end = field.indexOf(0)
      return new TextDecoder().decode(field.subarray(0, end === -1 ? type.bytes : end))
    },
    set: (value: string) => {
      const field = new Uint8Array(type.bytes)
      field.set(new TextEncoder().encode(value).subarray(0, type.bytes - 1))
      copyIn(memory, at, field)
    },
  }
}
