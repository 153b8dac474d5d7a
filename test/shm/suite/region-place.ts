import { execFileSync } from 'node:child_process'
import {
  type BigIntStats,
  chownSync,
  existsSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { basename, dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { pageBytes } from '../../../src/shm/mapping.ts'
import { regionBytes } from '../../../src/shm/region-format.ts'
import { openPlace, SURROUNDINGS, type Surroundings } from '../../../src/shm/region-place.ts'
import { LIMITS } from '../../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../../src/shm/shared-region.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const OPTIONS = { cores: 1, ringCapacityBytes: LIMITS.RING_CAPACITY_MIN }
const BYTES = regionBytes(1, LIMITS.RING_CAPACITY_MIN)

function refuses(t: ExecutionContext, path: string, code: string): void {
  t.throws(() => SharedRegion.attach(path), { code })
  t.throws(() => SharedRegion.attachHost(path, OPTIONS), { code })
}

test('a symbolic link is not followed', (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'region')
  SharedRegion.create(path, OPTIONS)
  symlinkSync(path, join(folder, 'link'))
  symlinkSync(join(folder, 'absent'), join(folder, 'dangling'))
  refuses(t, join(folder, 'link'), 'ERR_CARILLON_REGION_SYMLINK')
  refuses(t, join(folder, 'dangling'), 'ERR_CARILLON_REGION_SYMLINK')
  t.throws(() => SharedRegion.create(join(folder, 'dangling'), OPTIONS), {
    code: 'ERR_CARILLON_MAPPING',
  })
  t.false(existsSync(join(folder, 'absent')))
})

test('what is neither a file nor such a device is refused, and does not block', async (t) => {
  const folder = temporaryFolder(t)
  const fifo = join(folder, 'fifo')
  execFileSync('mkfifo', [fifo])
  const socket = join(folder, 'socket')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  for (const path of [folder, fifo, socket, '/dev/null', '/dev/zero', '/dev/tty']) {
    refuses(t, path, 'ERR_CARILLON_REGION_KIND')
  }
  server.close()
})

test("a file of another user's is refused, and one of root's is not", (t) => {
  const path = join(temporaryFolder(t), 'region')
  SharedRegion.create(path, OPTIONS)
  t.notThrows(() => SharedRegion.attach(path))
  const user = process.getuid?.() ?? 0
  // Only root can give it away; anybody else can pretend to be another.
  if (user === 0) chownSync(path, 4711, 4711)
  const other = { ...SURROUNDINGS, user: user === 0 ? 0 : user + 1 }
  const owner = { code: 'ERR_CARILLON_REGION_OWNER' }
  t.throws(() => SharedRegion.attach(path, {}, other), owner)
  t.throws(() => openPlace(path, false, {}, other), owner)
  if (user === 0) t.notThrows(() => SharedRegion.attach(path, {}, { ...SURROUNDINGS, user: 4711 }))
})

test('a file that takes the place of another while it is opened is noticed', (t) => {
  const path = join(temporaryFolder(t), 'region')
  SharedRegion.create(path, OPTIONS)
  const surroundings = {
    ...SURROUNDINGS,
    // Called between the look and the opening.
    deviceNumber: () => {
      renameSync(path, `${path}.elsewhere`)
      writeFileSync(path, Buffer.alloc(BYTES))
      return undefined
    },
  }
  t.throws(() => SharedRegion.attach(path, {}, surroundings), {
    code: 'ERR_CARILLON_REGION_ORPHANED',
  })
})

test('physical memory that is not there, or not for us, is an error', (t) => {
  // Where a machine has it, it needs a length, and this test writes nothing to it.
  const code = existsSync('/dev/mem')
    ? /^ERR_CARILLON_(MAPPING|ARGUMENT|REGION_OWNER)$/
    : /^ERR_CARILLON_MAPPING$/
  const error = t.throws(() => SharedRegion.attach('/dev/mem', { offset: 0x3e00_0000 }))
  t.regex((error as NodeJS.ErrnoException).code ?? '', code)
})

const UIO = '240:7'

/** A file in a device's place, and what the kernel would tell of it. */
function device(t: ExecutionContext, name: string, number: string, maps: number[] = []) {
  const folder = temporaryFolder(t)
  const path = join(folder, name)
  writeFileSync(path, Buffer.alloc(2 * BYTES + 8 * pageBytes(), 0xa5))
  const told = join(folder, 'sys/class/uio', name)
  mkdirSync(told, { recursive: true })
  writeFileSync(join(told, 'dev'), `${UIO}\n`)
  const tell = (map: number, attribute: string, value: number) =>
    writeFileSync(join(told, `maps/map${map}`, attribute), `0x${value.toString(16)}\n`)
  maps.forEach((size, map) => {
    mkdirSync(join(told, `maps/map${map}`), { recursive: true })
    tell(map, 'size', size)
    tell(map, 'offset', 0)
  })
  const surroundings: Surroundings = {
    ...SURROUNDINGS,
    sysfs: join(folder, 'sys'),
    deviceNumber: (stats: BigIntStats) => (stats.isFile() ? number : undefined),
  }
  const host = (place: object = {}) =>
    SharedRegion.attachHost(path, { ...OPTIONS, ...place }, surroundings)
  const reader = (place: object = {}) => SharedRegion.attach(path, place, surroundings)
  return { path, host, reader, tell }
}

test('a region on a UIO device takes the map that it is told', (t) => {
  const { path, host, reader } = device(t, 'uio0', UIO, [BYTES, 2 * BYTES])
  const region = host()
  t.is(reader().session, region.session)
  t.is(reader({ length: BYTES }).session, region.session)
  t.false(region.isFile)
  t.false(region.isTruncated)
  // As a driver has it, the offset of a page is the next map. In the file it is the next page.
  const second = host({ uioMap: 1 })
  t.is(reader({ uioMap: 1 }).session, second.session)
  const plain = SharedRegion.attach(path, { offset: pageBytes() })
  t.is(plain.session, second.session)
  second.remove()
  t.true(existsSync(path), 'a device is not removed')
  t.throws(() => second.fd, { code: 'ERR_CARILLON_REGION_CLOSED' })
})

test('a UIO device is asked how large its map is', (t) => {
  const { host, reader, tell } = device(t, 'uio12', UIO, [BYTES - pageBytes(), BYTES])
  const size = { code: 'ERR_CARILLON_REGION_SIZE' }
  const argument = { code: 'ERR_CARILLON_ARGUMENT' }
  t.throws(() => host(), size)
  t.throws(() => host({ length: BYTES }), size)
  t.notThrows(() => host({ uioMap: 1 }))
  t.throws(() => reader({ uioMap: 1, length: BYTES + pageBytes() }), size)
  t.throws(() => host({ uioMap: 2 }), size)
  for (const uioMap of [-1, 5, 0.5]) t.throws(() => host({ uioMap }), argument)
  t.throws(() => host({ uioMap: 1, offset: pageBytes() }), argument)
  tell(1, 'size', BYTES + 5)
  t.notThrows(() => host({ uioMap: 1 }), 'what is no whole page is not used')
  tell(1, 'offset', 0x80)
  t.throws(() => host({ uioMap: 1 }), { code: 'ERR_CARILLON_REGION_ALIGNMENT' })
  tell(1, 'size', 0)
  tell(1, 'offset', 0)
  t.throws(() => host({ uioMap: 1 }), size)
})

test('a device that is called as a UIO device, and is another, is refused', (t) => {
  const { path, host, reader } = device(t, 'uio0', '240:8', [BYTES])
  t.throws(() => host(), { code: 'ERR_CARILLON_REGION_KIND' })
  t.throws(() => reader(), { code: 'ERR_CARILLON_REGION_KIND' })
  t.is(basename(dirname(path)).startsWith('carillon-test-'), true)
  t.throws(() => device(t, 'ttyS0', UIO, [BYTES]).host(), { code: 'ERR_CARILLON_REGION_KIND' })
})

test('physical memory has a length that the caller knows', (t) => {
  const { path, host, reader } = device(t, 'mem', '1:1')
  const offset = 2 * pageBytes()
  const argument = { code: 'ERR_CARILLON_ARGUMENT' }
  t.throws(() => host({ offset }), argument)
  t.throws(() => reader({ offset }), argument)
  t.throws(() => host({ offset: 100, length: BYTES }), argument)
  t.throws(() => host({ offset, length: BYTES, uioMap: 0 }), argument)
  t.throws(() => host({ offset, length: BYTES - pageBytes() }), {
    code: 'ERR_CARILLON_REGION_SIZE',
  })
  const region = host({ offset, length: 2 * BYTES })
  t.is(region.shared.header.regionBytes, BYTES)
  t.is(reader({ offset, length: BYTES }).session, region.session)
  t.is(SharedRegion.attach(path, { offset }).session, region.session)
  region.close()
})
