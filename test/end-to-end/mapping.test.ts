import { closeSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import test from 'ava'
import { MAPPER_NAMES, mapperNamed } from '../../src/shm/mappers.ts'
import { Mapping } from '../../src/shm/mapping.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** What is used of the package here; its own types do not know that flags can be combined. */
interface MmapIo {
  map(bytes: number, protection: number, flags: number, fd: number): Buffer
  readonly PROT_READ: number
  readonly PROT_WRITE: number
  readonly MAP_SHARED: number
  readonly PAGESIZE: number
}

const mmap = createRequire(import.meta.url)('mmap-io') as MmapIo

function mapWhole(path: string): Buffer {
  const fd = openSync(path, 'r+')
  try {
    return mmap.map(mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, fd)
  } finally {
    closeSync(fd)
  }
}

test('what is written through one mapping of a file is in the file and in another mapping', (t) => {
  const path = join(temporaryFolder(t), 'shared')
  writeFileSync(path, '')
  truncateSync(path, mmap.PAGESIZE)
  const one = mapWhole(path)
  const other = mapWhole(path)
  one.write('bells', 16)
  t.is(other.toString('latin1', 16, 21), 'bells')
  t.is(readFileSync(path).toString('latin1', 16, 21), 'bells')
})

test('both mappers map the same memory, and survive that the file is cut short', (t) => {
  const path = join(temporaryFolder(t), 'shared')
  const place = { offset: 0, bytes: 2 * mmap.PAGESIZE, writable: true }
  writeFileSync(path, Buffer.alloc(place.bytes))
  const fd = openSync(path, 'r+')
  t.teardown(() => closeSync(fd))
  const mappings = MAPPER_NAMES.map((name) => {
    const mapper = mapperNamed(name)
    if ('reason' in mapper) throw new Error(mapper.reason)
    return new Mapping({ fd, ...place }, mapper)
  })
  const views = mappings.map(({ bytes }) => bytes)
  for (const [index, view] of views.entries()) view[index] = 7
  for (const view of views) t.deepEqual([...view.subarray(0, 3)], [7, 7, 0])
  truncateSync(path, 0)
  for (const view of views) t.is(view[0], 0)
  t.deepEqual(
    mappings.map(({ isTruncated }) => isTruncated),
    [true, true],
  )
  for (const mapping of mappings) mapping.unmap()
  for (const view of views) t.is(view.length, 0)
})
