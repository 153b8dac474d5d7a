import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { chooseMapper, MAPPER_NAMES, mapperNamed } from '../../../src/shm/mappers.ts'
import { Mapping, pageBytes } from '../../../src/shm/mapping.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const PAGES = 4

/** A file of a few pages, open for writing. */
function openFile(t: ExecutionContext): { path: string; fd: number; bytes: number } {
  const path = join(temporaryFolder(t), 'shared')
  const bytes = PAGES * pageBytes()
  writeFileSync(path, Buffer.alloc(bytes, 'x'))
  const fd = openSync(path, 'r+')
  t.teardown(() => closeSync(fd))
  return { path, fd, bytes }
}

test('the mapper is the one that was asked for', (t) => {
  const [one, other] = MAPPER_NAMES.map((name) => mapperNamed(name))
  const isFirst = process.env.CARILLON_MAPPER === MAPPER_NAMES[0]
  t.true(chooseMapper() === (isFirst ? one : other))
  t.false(chooseMapper() === (isFirst ? other : one))
})

test('what is written through one mapping is in the file, and in another', (t) => {
  const { path, fd, bytes } = openFile(t)
  const one = new Mapping({ fd, offset: 0, bytes, writable: true })
  const other = new Mapping({ fd, offset: pageBytes(), bytes: pageBytes(), writable: false })
  t.is(one.bytes.length, bytes)
  t.is(other.bytes.length, pageBytes())
  one.bytes.set(Buffer.from('bells'), pageBytes() + 16)
  t.is(Buffer.from(other.bytes.subarray(16, 21)).toString(), 'bells')
  t.is(readFileSync(path).toString('latin1', pageBytes() + 16, pageBytes() + 21), 'bells')
  one.unmap()
  t.is(Buffer.from(other.bytes.subarray(16, 21)).toString(), 'bells')
  other.unmap()
})

test('what the system refuses to map is an error that says so', (t) => {
  const { fd, bytes } = openFile(t)
  const map = (place: object) => () => {
    new Mapping({ fd, offset: 0, bytes, writable: false, ...place })
  }
  const refused = { code: 'ERR_CARILLON_MAPPING' }
  t.throws(map({ fd: -1 }), { ...refused, message: /bad file descriptor/ })
  t.throws(map({ offset: 1 }), { ...refused, message: /invalid argument/ })
  t.throws(map({ bytes: 0 }), refused)
  t.throws(map({ offset: -pageBytes() }), refused)
})

test('a process has 1024 mappings at most, and room again once one is closed', (t) => {
  const { fd } = openFile(t)
  const map = () => new Mapping({ fd, offset: 0, bytes: pageBytes(), writable: false })
  const made: Mapping[] = []
  // At once: other tests of this process map too.
  try {
    const error = t.throws(
      () => {
        for (;;) made.push(map())
      },
      { code: 'ERR_CARILLON_MAPPING' },
    )
    t.regex(error?.message ?? '', /a process has at most 1024 mappings/)
    t.true(made.length > 0 && made.length <= 1024)
    made.pop()?.unmap()
    made.push(map())
    t.throws(map, { code: 'ERR_CARILLON_MAPPING' })
  } finally {
    for (const mapping of made) mapping.unmap()
  }
  t.notThrows(() => map().unmap())
})

test('an offset beyond 2 GiB is that offset, and no other', (t) => {
  const { fd } = openFile(t)
  // A hole: nothing of it is on a disk.
  const offset = 2 ** 32
  ftruncateSync(fd, offset + pageBytes())
  const far = new Mapping({ fd, offset, bytes: pageBytes(), writable: true })
  const near = new Mapping({ fd, offset: 0, bytes: pageBytes(), writable: true })
  far.bytes[0] = 7
  t.is(near.bytes[0], 'x'.charCodeAt(0))
  t.is(new Mapping({ fd, offset, bytes: pageBytes(), writable: false }).bytes[0], 7)
})

test('a file that is cut short is zeros from then on, and can come back', (t) => {
  const { fd, bytes } = openFile(t)
  const cut = new Mapping({ fd, offset: 0, bytes, writable: true })
  const other = new Mapping({ fd, offset: 0, bytes: pageBytes(), writable: false })
  const view = cut.bytes
  ftruncateSync(fd, pageBytes())
  t.is(view[0], 'x'.charCodeAt(0), 'the page that the file still has')
  t.false(cut.isTruncated)
  t.is(view[bytes - 1], 0)
  t.true(cut.isTruncated)
  t.is(view[0], 0, 'all of it, so that no half is taken for whole')
  t.false(other.isTruncated)
  t.is(other.bytes[0], 'x'.charCodeAt(0))
  // It is nobody else's.
  view[0] = 1
  t.is(other.bytes[0], 'x'.charCodeAt(0))
  ftruncateSync(fd, bytes)
  cut.restore(fd)
  t.false(cut.isTruncated)
  t.is(view[0], 'x'.charCodeAt(0))
  view[0] = 2
  t.is(other.bytes[0], 2)
  // And once more.
  ftruncateSync(fd, 0)
  view[bytes - 1] = 3
  t.true(cut.isTruncated)
  t.is(view[bytes - 1], 3)
  cut.unmap()
  t.false(cut.isTruncated)
})

test('an access of any kind survives a file that is cut short', (t) => {
  const accesses: ((bytes: Uint8Array) => unknown)[] = [
    (bytes) => bytes[5000],
    (bytes) => bytes.fill(1),
    (bytes) => bytes.slice(),
    (bytes) => bytes.set(bytes.slice(0, 5000), 1000),
    (bytes) => bytes.indexOf(77),
    (bytes) => Buffer.from(bytes.buffer).toString('latin1'),
    (bytes) => Buffer.compare(bytes, Buffer.alloc(bytes.length)),
    (bytes) => new DataView(bytes.buffer).getFloat64(bytes.length - 8),
    (bytes) => Atomics.load(new Int32Array(bytes.buffer), 2000),
    (bytes) => Atomics.store(new Int32Array(bytes.buffer), 2000, 1),
    (bytes) => Atomics.compareExchange(new Int32Array(bytes.buffer), 2000, 0, 1),
  ]
  for (const access of accesses) {
    const { fd, bytes } = openFile(t)
    const mapping = new Mapping({ fd, offset: 0, bytes, writable: true })
    const { bytes: view } = mapping
    ftruncateSync(fd, 0)
    access(view)
    t.true(mapping.isTruncated, String(access))
    mapping.unmap()
  }
})

test('an unmapped mapping leaves no view behind', (t) => {
  const { fd, bytes } = openFile(t)
  const mapping = new Mapping({ fd, offset: 0, bytes, writable: true })
  const { bytes: view } = mapping
  const words = new Int32Array(view.buffer, 0, 4)
  mapping.unmap()
  mapping.unmap()
  t.deepEqual([view.length, words.length, words[0]], [0, 0, undefined])
  t.throws(() => Atomics.load(words, 0), { instanceOf: TypeError, message: /detached/ })
})
