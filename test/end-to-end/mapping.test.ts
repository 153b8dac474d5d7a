import { closeSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import test from 'ava'
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
