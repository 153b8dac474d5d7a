import {
  chmodSync,
  existsSync,
  fstatSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { pageBytes } from '../../src/shm/mapping.ts'
import { LIMITS, REGION_MAGIC, SharedMem } from '../../src/shm/shared-mem.ts'
import {
  coreRings,
  REGION_BYTES_MAX,
  regionBytes,
  SharedRegion,
} from '../../src/shm/shared-region.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a region is made for its user alone, to be written by none through its name', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, { cores: 2 })
  t.is(statSync(path).mode & 0o777, 0o400)
  t.is(statSync(path).size % pageBytes(), 0)
  const other = SharedRegion.attach(path)
  t.is(other.session, region.session)
  t.not(region.session, 0)
  t.is(other.cores, 2)
  t.is(fstatSync(region.fd).ino, statSync(path).ino)
  t.throws(() => other.fd, { code: 'ERR_CARILLON_REGION_CLOSED' })
  region.shared.hostStatus.heartbeat = 5
  t.is(other.shared.hostStatus.heartbeat, 5)
})

test('each core has two rings of its own', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, { cores: 4, ringCapacityBytes: 16384 })
  const used = region.shared.rings.slice(0, 8).map(({ offset }) => offset)
  t.is(new Set(used).size, 8)
  for (let core = 0; core < 4; core++) t.is(coreRings(region, core).toCore.capacity, 16384)
  t.throws(() => coreRings(region, 4), { code: 'ERR_CARILLON_ARGUMENT' })
})

test('the number of cores and the capacity have limits', (t) => {
  const folder = temporaryFolder(t)
  const create = (name: string, cores: number, ringCapacityBytes: number) =>
    SharedRegion.create(join(folder, name), { cores, ringCapacityBytes })
  t.notThrows(() => create('one', 1, LIMITS.RING_CAPACITY_MIN))
  t.notThrows(() => create('most', LIMITS.CORES_MAX, LIMITS.RING_CAPACITY_MIN))
  for (const cores of [0, LIMITS.CORES_MAX + 1, 1.5, Number.NaN]) {
    t.throws(() => create('bad', cores, 16384), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  for (const capacity of [LIMITS.RING_CAPACITY_MIN / 2, 20000, 2 * LIMITS.RING_CAPACITY_MAX]) {
    t.throws(() => create('bad', 1, capacity), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  t.false(existsSync(join(folder, 'bad')))
})

test('a region is smaller than its 32-bit offsets reach', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const GiB = 2 ** 30
  const tooLarge = { code: 'ERR_CARILLON_ARGUMENT', message: /the most is 4294967295/ }
  t.is(LIMITS.RING_CAPACITY_MAX, GiB)
  t.true(regionBytes(1, GiB) <= REGION_BYTES_MAX)
  t.throws(() => regionBytes(2, GiB), tooLarge)
  t.true(regionBytes(3, GiB / 2) <= REGION_BYTES_MAX)
  t.throws(() => regionBytes(4, GiB / 2), tooLarge)
  t.throws(() => SharedRegion.create(path, { cores: 4, ringCapacityBytes: GiB / 2 }), tooLarge)
  t.false(existsSync(path), 'checked before anything is allocated')
})

test('an existing file is never taken over', (t) => {
  const path = join(temporaryFolder(t), 'region')
  writeFileSync(path, 'mine')
  t.throws(() => SharedRegion.create(path, { cores: 1 }), {
    code: 'ERR_CARILLON_MAPPING',
    message: /exists already/,
  })
  t.is(readFileSync(path, 'utf8'), 'mine')
})

test('two regions have two sessions', (t) => {
  const folder = temporaryFolder(t)
  const one = SharedRegion.create(join(folder, 'one'), { cores: 1 })
  const two = SharedRegion.create(join(folder, 'two'), { cores: 1 })
  t.not(one.session, two.session)
})

test('what is no region is told apart, each with its own error', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const attach = () => SharedRegion.attach(path)
  t.throws(attach, { code: 'ERR_CARILLON_MAPPING' })
  writeFileSync(path, Buffer.alloc(100))
  t.throws(attach, { code: 'ERR_CARILLON_REGION_SIZE' })
  writeFileSync(path, Buffer.alloc(2 * pageBytes()))
  t.throws(attach, { code: 'ERR_CARILLON_REGION_MAGIC' })
})

test('a region that has been changed is told apart', (t) => {
  const folder = temporaryFolder(t)
  const changed = (change: (shared: SharedRegion['shared'], path: string) => void) => {
    const path = join(folder, `region-${Math.random()}`)
    const region = SharedRegion.create(path, { cores: 1 })
    change(region.shared, path)
    return () => SharedRegion.attach(path)
  }
  const header = (change: (header: SharedRegion['shared']['header']) => object) => {
    return (shared: SharedRegion['shared']) => {
      Object.assign(shared.header, change(shared.header))
    }
  }
  const ring = (fields: object) => (shared: SharedRegion['shared']) => {
    Object.assign(shared.rings[0] ?? {}, fields)
  }
  const cut = (size: (bytes: number) => number) => (_: unknown, path: string) => {
    chmodSync(path, 0o600)
    truncateSync(path, size(statSync(path).size))
  }
  const damages: [string, Parameters<typeof changed>[0]][] = [
    ['ERR_CARILLON_REGION_MAGIC', header(() => ({ magic: REGION_MAGIC + 1 }))],
    [
      'ERR_CARILLON_REGION_LAYOUT',
      header(({ layoutVersion }) => ({ layoutVersion: layoutVersion + 1 })),
    ],
    ['ERR_CARILLON_REGION_LAYOUT', header(({ layoutHash }) => ({ layoutHash: layoutHash ^ 1 }))],
    ['ERR_CARILLON_REGION_SIZE', header(({ regionBytes }) => ({ regionBytes: regionBytes + 1 }))],
    ['ERR_CARILLON_REGION_SIZE', cut(() => pageBytes())],
    ['ERR_CARILLON_REGION_SIZE', cut((bytes) => bytes - 1)],
    ['ERR_CARILLON_REGION_SIZE', cut(() => 0)],
    ['ERR_CARILLON_REGION_RINGS', header(() => ({ coreCount: 0 }))],
    ['ERR_CARILLON_REGION_RINGS', header(() => ({ ringCount: 3 }))],
    ['ERR_CARILLON_REGION_RINGS', header(() => ({ ringCount: 0xffffffff }))],
    ['ERR_CARILLON_REGION_RINGS', ring({ offset: SharedMem.bytes + 4 })],
    ['ERR_CARILLON_REGION_RINGS', ring({ offset: 0 })],
    ['ERR_CARILLON_REGION_RINGS', ring({ offset: 0xffffffc0 })],
    ['ERR_CARILLON_REGION_RINGS', ring({ capacity: 1024 * 1024 })],
    ['ERR_CARILLON_REGION_RINGS', ring({ capacity: 20_000 })],
    ['ERR_CARILLON_REGION_RINGS', ring({ core: 1 })],
  ]
  for (const [code, change] of damages) t.throws(changed(change), { code })
  t.notThrows(changed(() => {}))
})

test('a file that was replaced under a mapping is noticed, and not removed', (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'region')
  const region = SharedRegion.create(path, { cores: 1 })
  t.false(region.isOrphaned)
  renameSync(path, join(folder, 'elsewhere'))
  t.true(region.isOrphaned)
  writeFileSync(path, 'another')
  t.true(region.isOrphaned)
  region.remove()
  t.is(readFileSync(path, 'utf8'), 'another')
})

test('a removed region leaves no file, and its mapping stays usable', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, { cores: 1 })
  region.remove()
  t.false(existsSync(path))
  t.throws(() => region.fd, { code: 'ERR_CARILLON_REGION_CLOSED' })
  region.remove()
  t.is(region.shared.header.magic, REGION_MAGIC)
  t.is(region.memory.bytes.byteLength >= SharedMem.bytes, true)
})
