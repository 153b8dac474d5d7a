import test from 'ava'
import fc from 'fast-check'
import {
  array,
  CACHE_LINE_BYTES,
  type FieldType,
  f64,
  fieldType,
  layoutHash,
  layoutTable,
  type OwnedField,
  roundUp,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  type Writer,
  writtenBy,
} from '../../src/shm/layout.ts'
import { MpscControl, RingControl, SharedMem, STRUCTS } from '../../src/shm/shared-mem.ts'

const SCALARS = [u8, u16, u32, u64, f64]

test('fields lie at the next multiple of their alignment, as in C', (t) => {
  const mixed = struct(
    'mixed',
    { writer: 'host', summary: '' },
    { a: u8, b: u32, c: u16, d: f64, e: text(3), f: array(u16, 3) },
  )
  t.deepEqual(mixed.offsets, { a: 0, b: 4, c: 8, d: 16, e: 24, f: 28 })
  t.is(mixed.align, 8)
  t.is(mixed.bytes, 40)
})

test('an array or a text has a size', (t) => {
  for (const count of [0, -1, 1.5, Number.NaN, 2 ** 32]) {
    t.throws(() => array(u8, count), { code: 'ERR_CARILLON_ARGUMENT' })
    t.throws(() => text(count), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  t.is(array(u8, 1).bytes, 1)
  t.is(text(2 ** 32 - 1).bytes, 2 ** 32 - 1)
})

test('a cache-aligned struct fills whole lines', (t) => {
  const line = struct('line', { writer: 'core', summary: '', cacheAligned: true }, { a: u32 })
  t.is(line.align, CACHE_LINE_BYTES)
  t.is(line.bytes, CACHE_LINE_BYTES)
  const two = struct('two', { writer: 'core', summary: '' }, { a: line, b: line, c: u8 })
  t.deepEqual(two.offsets, { a: 0, b: 64, c: 128 })
  t.is(two.bytes, 192)
})

test('no two fields overlap, whatever the struct', (t) => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...SCALARS), { minLength: 1, maxLength: 20 }), (types) => {
      const fields = Object.fromEntries(types.map((type, index) => [`f${index}`, type]))
      const declared = struct('any', { writer: 'host', summary: '' }, fields)
      let end = 0
      for (const [name, type] of Object.entries(declared.fields)) {
        const offset = declared.offsets[name] ?? -1
        t.true(offset >= end && offset % fieldType(type).align === 0)
        end = offset + fieldType(type).bytes
      }
      t.is(declared.bytes, roundUp(end, declared.align))
    }),
  )
})

test('the hash tells layouts apart', (t) => {
  const one = struct('s', { writer: 'host', summary: '' }, { a: u32, b: u32 })
  const renamed = struct('s', { writer: 'host', summary: '' }, { a: u32, c: u32 })
  const wider = struct('s', { writer: 'host', summary: '' }, { a: u32, b: u64 })
  const hashes = new Set([one, renamed, wider].map((declared) => layoutHash([declared])))
  t.is(hashes.size, 3)
  t.is(layoutHash([one]), layoutHash([{ ...one }]))
})

test('every struct of the shared layout is in the table, after those that it contains', (t) => {
  const names = layoutTable(STRUCTS)
    .filter((row) => row.field === '')
    .map((row) => row.struct)
  t.is(names.length, STRUCTS.length)
  t.true(names.indexOf('region_header') < names.indexOf('shared_mem'))
})

/** Who writes to each cache line of what lies at `at`. */
function writersOfLines(
  declared: FieldType | OwnedField,
  owner: Writer,
  at = 0,
  lines = new Map<number, Set<Writer>>(),
): ReadonlyMap<number, ReadonlySet<Writer>> {
  const writer = declared.kind === 'owned' ? declared.writer : owner
  const type = fieldType(declared)
  if (type.kind === 'struct') {
    for (const [field, inner] of Object.entries(type.fields)) {
      writersOfLines(inner, type.writer, at + (type.offsets[field] ?? 0), lines)
    }
  } else if (type.kind === 'array') {
    for (let index = 0; index < type.count; index++) {
      writersOfLines(type.element, writer, at + index * type.element.bytes, lines)
    }
  } else {
    const last = Math.floor((at + type.bytes - 1) / CACHE_LINE_BYTES)
    for (let line = Math.floor(at / CACHE_LINE_BYTES); line <= last; line++) {
      lines.set(line, (lines.get(line) ?? new Set()).add(writer))
    }
  }
  return lines
}

test('what different sides write never shares a cache line', (t) => {
  const mixed = struct(
    'mixed',
    { writer: 'host', summary: '' },
    { a: u32, b: writtenBy('core', u8) },
  )
  t.deepEqual(writersOfLines(mixed, 'host'), new Map([[0, new Set<Writer>(['host', 'core'])]]))
  const writers = new Set<Writer>()
  for (const declared of [SharedMem, RingControl, MpscControl]) {
    t.is(declared.align, CACHE_LINE_BYTES, 'so that it starts on a line')
    for (const [line, found] of writersOfLines(declared, declared.writer)) {
      t.is(found.size, 1, `line ${line} of ${declared.name}: ${[...found].join(', ')}`)
      for (const writer of found) writers.add(writer)
    }
  }
  t.deepEqual([...writers].sort(), ['consumer', 'core', 'host', 'producer'])
})
