import test from 'ava'
import {
  array,
  f32,
  f64,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  writtenBy,
} from '../../src/shm/layout.ts'
import { memoryOver, viewStruct } from '../../src/shm/struct-view.ts'

const Inner = struct('inner', { writer: 'core', summary: '' }, { x: u32, y: u32 })
const Outer = struct(
  'outer',
  { writer: 'host', summary: '' },
  {
    a: u8,
    b: u16,
    c: u32,
    d: u64,
    e: f32,
    f: f64,
    name: text(8),
    list: array(u32, 3),
    inner: Inner,
    inners: array(Inner, 2),
    fromCore: writtenBy('core', u32),
  },
)

function newMemory() {
  return memoryOver(new Uint8Array(256))
}

test('memory is whole words from a word on', (t) => {
  for (const bytes of [new Uint8Array(5), new Uint8Array(16).subarray(2, 10)]) {
    t.throws(() => memoryOver(bytes), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  t.is(memoryOver(new Uint8Array(16).subarray(4, 12)).words.length, 2)
  for (const other of [new ArrayBuffer(16), new DataView(new ArrayBuffer(16)), undefined]) {
    t.throws(() => memoryOver(other as unknown as Uint8Array), { code: 'ERR_CARILLON_ARGUMENT' })
  }
})

test('what one side writes the other reads', (t) => {
  const memory = newMemory()
  const host = viewStruct(Outer, memory, 8, 'host')
  const core = viewStruct(Outer, memory, 8, 'core')
  host.a = 0xff
  host.b = 0xffff
  host.c = 0xfffffffe
  host.d = 0xffff_ffff_ffff_fffen
  host.e = 0.5
  host.f = Math.PI
  host.name = 'carillon'
  host.list[2] = 7
  core.inner.x = 1
  const [, second] = core.inners
  if (second !== undefined) second.y = 0x80000000
  core.fromCore = 9
  t.is(core.a, 0xff)
  t.is(core.b, 0xffff)
  t.is(core.c, 0xfffffffe)
  t.is(core.d, 0xffff_ffff_ffff_fffen)
  t.is(core.e, 0.5)
  t.is(core.f, Math.PI)
  t.is(core.name, 'carillo', 'a text keeps its closing zero')
  t.deepEqual(Array.from(core.list), [0, 0, 7])
  t.is(host.inner.x, 1)
  t.is(host.inners[1]?.y, 0x80000000)
  t.is(host.fromCore, 9)
})

test('bytes lie where C has them, little-endian', (t) => {
  const memory = newMemory()
  viewStruct(Outer, memory, 0, 'host').c = 0x04030201
  t.deepEqual([...memory.bytes.subarray(4, 8)], [1, 2, 3, 4])
})

test('a side has no setter for what another writes, in the types and at run time', (t) => {
  const memory = newMemory()
  const host = viewStruct(Outer, memory, 0, 'host')
  const reader = viewStruct(Outer, memory, 0, 'reader')
  t.throws(
    () => {
      // @ts-expect-error the core's
      host.inner.x = 1
    },
    { instanceOf: TypeError },
  )
  t.throws(
    () => {
      // @ts-expect-error the core's
      host.fromCore = 1
    },
    { instanceOf: TypeError },
  )
  t.throws(
    () => {
      // @ts-expect-error a reader writes nothing
      reader.c = 1
    },
    { instanceOf: TypeError },
  )
  t.throws(
    () => {
      // @ts-expect-error not even an element
      reader.list[0] = 1
    },
    { instanceOf: TypeError },
  )
  t.deepEqual([...memory.bytes], new Array(256).fill(0))
})

test('a struct that does not fit or is not aligned is refused', (t) => {
  const memory = newMemory()
  t.notThrows(() => viewStruct(Outer, memory, 256 - Outer.bytes, 'host'))
  t.throws(() => viewStruct(Outer, memory, 264 - Outer.bytes, 'host'), {
    code: 'ERR_CARILLON_ARGUMENT',
  })
  t.throws(() => viewStruct(Outer, memory, 4, 'host'), { code: 'ERR_CARILLON_ARGUMENT' })
  t.throws(() => viewStruct(Outer, memory, -8, 'host'), { code: 'ERR_CARILLON_ARGUMENT' })
})
