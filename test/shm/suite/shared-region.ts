import {
  chmodSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { errorCode } from '../../../src/errors.ts'
import { ByteQueue } from '../../../src/shm/byte-queue.ts'
import { coreRings } from '../../../src/shm/core-rings.ts'
import { roundUp } from '../../../src/shm/layout.ts'
import { pageBytes } from '../../../src/shm/mapping.ts'
import { formatMpscRing } from '../../../src/shm/mpsc-ring.ts'
import { MpscRingConsumer } from '../../../src/shm/mpsc-ring-consumer.ts'
import { MpscRingProducer } from '../../../src/shm/mpsc-ring-producer.ts'
import { REGION_BYTES_MAX, regionBytes } from '../../../src/shm/region-format.ts'
import {
  LIMITS,
  REGION_MAGIC,
  RING_KIND,
  RingControl,
  SharedMem,
} from '../../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../../src/shm/shared-region.ts'
import { SpscRingConsumer } from '../../../src/shm/spsc-ring-consumer.ts'
import { SpscRingProducer } from '../../../src/shm/spsc-ring-producer.ts'
import { viewStruct } from '../../../src/shm/struct-view.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

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

test('what is only looked at gets no end of a ring or queue, which would write', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, { cores: 1, ringCapacityBytes: 16384 })
  const { memory } = SharedRegion.attach(path)
  const { offset, capacity } = region.shared.rings[0] ?? { offset: 0, capacity: 0 }
  const ring = { bytes: memory.bytes, offset: 0, capacity: 16384 }
  const attempts = [
    () => new SpscRingProducer(memory, offset, capacity),
    () => new SpscRingConsumer(memory, offset, capacity),
    () => formatMpscRing(ring),
    () => new MpscRingProducer(ring),
    () => new MpscRingConsumer(ring),
    () => ByteQueue.create(memory.bytes.subarray(0, 1000)),
    () => ByteQueue.attach(memory.bytes.subarray(0, 1000)),
  ]
  for (const attempt of attempts) t.throws(attempt, { code: 'ERR_CARILLON_REGION_READ_ONLY' })
  t.notThrows(() => new SpscRingConsumer(region.memory, offset, capacity))
})

test('a region may lie within a file that has nothing else in it', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const [offset, fileBytes] = [1024 * pageBytes(), 4096 * pageBytes()]
  const region = SharedRegion.create(path, { cores: 1, offset, fileBytes })
  t.is(region.offset, offset)
  t.true(region.isFile)
  const { size, blocks } = statSync(path)
  t.is(size, fileBytes)
  t.true(blocks * 512 < 2 * region.memory.bytes.byteLength, 'the rest takes no room')
  t.is(SharedRegion.attach(path, { offset }).session, region.session)
  t.throws(() => SharedRegion.attach(path), { code: 'ERR_CARILLON_REGION_MAGIC' })
  // All of the file is whoever's it is made for.
  t.false(region.isTruncated)
  ftruncateSync(region.fd, fileBytes - 1)
  t.true(region.isTruncated)
  region.renew()
  t.is(statSync(path).size, fileBytes)
  t.false(region.isTruncated)
})

test('a region lies on whole pages, and in its file', (t) => {
  const folder = temporaryFolder(t)
  const bytes = regionBytes(1, LIMITS.RING_CAPACITY_MIN)
  const create = (name: string, offset: number, fileBytes: number) =>
    SharedRegion.create(join(folder, name), {
      ...{ cores: 1, ringCapacityBytes: LIMITS.RING_CAPACITY_MIN, offset, fileBytes },
    })
  t.is(create('fits', pageBytes(), pageBytes() + bytes).offset, pageBytes())
  for (const [offset, fileBytes] of [
    [pageBytes(), pageBytes() + bytes - 1],
    [1, 2 * bytes],
    [-pageBytes(), bytes],
  ] as const) {
    t.throws(() => create('bad', offset, fileBytes), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  t.false(existsSync(join(folder, 'bad')))
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
  for (const capacity of [
    LIMITS.RING_CAPACITY_MIN / 2,
    20000,
    2 * LIMITS.RING_CAPACITY_MAX,
    '65536' as unknown as number,
  ]) {
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
  writeFileSync(path, Buffer.alloc(roundUp(SharedMem.bytes, pageBytes())))
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
  const ring =
    (fields: object, index = 0) =>
    (shared: SharedRegion['shared']) => {
      Object.assign(shared.rings[index] ?? {}, fields)
    }
  const cut = (size: (bytes: number) => number) => (_: unknown, path: string) => {
    chmodSync(path, 0o600)
    truncateSync(path, size(statSync(path).size))
  }
  const damages: [string, Parameters<typeof changed>[0]][] = [
    ['ERR_CARILLON_REGION_MAGIC', header(() => ({ magic: REGION_MAGIC + 1 }))],
    [
      'ERR_CARILLON_REGION_VERSION',
      header(({ layoutVersion }) => ({ layoutVersion: layoutVersion + 1 })),
    ],
    ['ERR_CARILLON_REGION_LAYOUT', header(({ layoutHash }) => ({ layoutHash: layoutHash ^ 1 }))],
    ['ERR_CARILLON_REGION_SESSION', header(() => ({ session: 0 }))],
    ['ERR_CARILLON_REGION_SIZE', header(({ regionBytes }) => ({ regionBytes: regionBytes + 1 }))],
    ['ERR_CARILLON_REGION_SIZE', cut(() => pageBytes())],
    ['ERR_CARILLON_REGION_SIZE', cut((bytes) => bytes - pageBytes())],
    ['ERR_CARILLON_REGION_SIZE', cut(() => SharedMem.bytes - 1)],
    ['ERR_CARILLON_REGION_SIZE', cut(() => 0)],
    ['ERR_CARILLON_REGION_ALIGNMENT', cut((bytes) => bytes - 1)],
    ['ERR_CARILLON_REGION_RINGS', header(() => ({ coreCount: 0 }))],
    ['ERR_CARILLON_REGION_RINGS', header(() => ({ ringCount: 3 }))],
    ['ERR_CARILLON_REGION_RINGS', header(() => ({ ringCount: 0xffffffff }))],
    ['ERR_CARILLON_REGION_RINGS', ring({ offset: SharedMem.bytes + 4 })],
    ['ERR_CARILLON_REGION_RINGS', ring({ offset: 0 })],
    ['ERR_CARILLON_REGION_RINGS', ring({ offset: 0xffffffc0 })],
    ['ERR_CARILLON_REGION_RINGS', ring({ capacity: 1024 * 1024 })],
    ['ERR_CARILLON_REGION_RINGS', ring({ capacity: 20_000 })],
    ['ERR_CARILLON_REGION_RINGS', ring({ core: 1 })],
    ['ERR_CARILLON_REGION_RINGS', ring({ kind: RING_KIND.UNUSED })],
    ['ERR_CARILLON_REGION_RINGS', ring({ kind: 3 })],
    ['ERR_CARILLON_REGION_RINGS', ring({ kind: RING_KIND.FROM_CORE })],
    ['ERR_CARILLON_REGION_RINGS', ring({ kind: RING_KIND.TO_CORE }, 2)],
    ['ERR_CARILLON_REGION_RINGS', ring({ offset: SharedMem.bytes + RingControl.align })],
    ['ERR_CARILLON_REGION_RINGS', ring({ offset: SharedMem.bytes }, 1)],
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

test('a removed region leaves no file, and its mapping stays usable until it is closed', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, { cores: 1 })
  region.remove()
  t.false(existsSync(path))
  t.throws(() => region.fd, { code: 'ERR_CARILLON_REGION_CLOSED' })
  region.remove()
  t.is(region.shared.header.magic, REGION_MAGIC)
  t.is(region.memory.bytes.byteLength >= SharedMem.bytes, true)
  region.close()
  t.throws(() => region.memory, { code: 'ERR_CARILLON_REGION_CLOSED' })
})

test('a closed region is out of use, also for the rings and views that were made before', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, { cores: 1 })
  const { toCore, fromCore } = coreRings(region, 0)
  const { memory, shared } = region
  const slice = memory.bytes.subarray(64, 128)
  t.true(toCore.write(1, 0, 0, new Uint8Array(8)))
  region.close()
  region.close()
  for (const use of [
    () => region.memory,
    () => region.shared,
    () => region.fd,
    () => region.session,
    () => region.cores,
    () => region.isIntact,
    () => region.check(),
    () => region.renew(),
    () => coreRings(region, 0),
  ]) {
    t.throws(use, { code: 'ERR_CARILLON_REGION_CLOSED' })
  }
  const detached = { instanceOf: TypeError, message: /detached/ }
  t.throws(() => toCore.publish(), detached)
  t.throws(() => toCore.write(1, 0, 0, new Uint8Array(8)), detached)
  t.throws(() => toCore.trySleep(), detached)
  t.throws(() => fromCore.read(() => true, 1), detached)
  t.throws(() => shared.header.session, detached)
  t.throws(() => memory.data.getUint32(0), { instanceOf: TypeError })
  for (const view of [memory.bytes, memory.words, slice]) t.is(view.length, 0)
  t.is(memory.bytes[0], undefined)
  t.true(existsSync(path), 'the file stays')
  t.false(region.isTruncated)
  region.remove()
  t.false(existsSync(path))
})

test('a closed region is unmapped, one after another without end', async (t) => {
  const folder = temporaryFolder(t)
  const mapped = () => readFileSync('/proc/self/maps', 'utf8').split(folder).length - 1
  // More than can be mapped at a time.
  for (let index = 0; index < 1200; index++) {
    const region = SharedRegion.create(join(folder, 'region'), {
      cores: 1,
      ringCapacityBytes: LIMITS.RING_CAPACITY_MIN,
    })
    region.remove()
    region.close()
    if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  while (mapped() > 0) await new Promise((resolve) => setImmediate(resolve))
  t.is(mapped(), 0)
})

test('a reader that is closed leaves the region to its host', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, { cores: 1 })
  const reader = SharedRegion.attach(path)
  reader.close()
  t.throws(() => reader.shared, { code: 'ERR_CARILLON_REGION_CLOSED' })
  t.notThrows(() => region.check())
  t.is(SharedRegion.attach(path).session, region.session)
})

test('a host attaches to a file, whatever is in it, and makes a region there', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const options = { cores: 2, ringCapacityBytes: LIMITS.RING_CAPACITY_MIN }
  const bytes = regionBytes(2, LIMITS.RING_CAPACITY_MIN)
  writeFileSync(path, Buffer.alloc(bytes + pageBytes(), 0xa5))
  const region = SharedRegion.attachHost(path, options)
  t.is(region.shared.header.regionBytes, bytes)
  t.deepEqual(
    region.shared.status.map(({ boot, session, link }) => [boot, session, link]),
    Array.from({ length: LIMITS.CORES_MAX }, () => [0, 0, 0]),
  )
  t.is(region.shared.hostStatus.heartbeat, 0)
  const reader = SharedRegion.attach(path)
  t.is(reader.session, region.session)
  t.is(readFileSync(path).at(-1), 0xa5, 'what lies behind is left alone')
  t.notThrows(() => reader.check())
})

test('a host that attaches to a region makes a new session, and lets the cores count on', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const first = SharedRegion.create(path, { cores: 2 })
  const { session } = first
  Object.assign(first.shared.control[0] ?? {}, { link: 7 })
  const { status } = viewStruct(SharedMem, first.memory, 0, 'core')
  Object.assign(status[0] ?? {}, { boot: 3 })
  first.close()
  chmodSync(path, 0o600)
  // A smaller one than was there.
  const second = SharedRegion.attachHost(path, { cores: 1 })
  t.not(second.session, session)
  t.is(second.shared.control[0]?.link, 0)
  t.is(second.shared.status[0]?.boot, 3)
  t.notThrows(() => second.check())
})

test('a host finds out that there is too little room before it writes anything', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const before = Buffer.alloc(regionBytes(1, LIMITS.RING_CAPACITY_MIN), 0xa5)
  writeFileSync(path, before)
  const options = { cores: 2, ringCapacityBytes: LIMITS.RING_CAPACITY_MIN }
  t.throws(() => SharedRegion.attachHost(path, options), { code: 'ERR_CARILLON_REGION_SIZE' })
  t.deepEqual(readFileSync(path), before)
  t.throws(() => SharedRegion.attachHost(`${path}.absent`, options), {
    code: 'ERR_CARILLON_MAPPING',
  })
})

test('a region is looked at in a file of any length', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const options = { cores: 1, ringCapacityBytes: LIMITS.RING_CAPACITY_MIN }
  writeFileSync(path, '')
  // With holes: it takes no room.
  truncateSync(path, 5 * 2 ** 30)
  const region = SharedRegion.attachHost(path, options)
  const reader = SharedRegion.attach(path)
  t.is(reader.session, region.session)
  t.is(reader.memory.bytes.length, 2 ** 32 - pageBytes())
  t.notThrows(() => reader.check())
  reader.close()
  region.close()
})

test('a region can lie anywhere in a file, on whole pages', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const options = { cores: 1, ringCapacityBytes: LIMITS.RING_CAPACITY_MIN }
  const length = regionBytes(1, LIMITS.RING_CAPACITY_MIN)
  const offset = 3 * pageBytes()
  writeFileSync(path, Buffer.alloc(offset + length + pageBytes(), 0xa5))
  const region = SharedRegion.attachHost(path, { ...options, offset, length })
  t.deepEqual([region.isFile, region.offset], [true, offset])
  t.is(SharedRegion.attach(path, { offset, length }).session, region.session)
  t.is(SharedRegion.attach(path, { offset }).session, region.session)
  t.throws(() => SharedRegion.attach(path), { code: 'ERR_CARILLON_REGION_MAGIC' })
  t.throws(() => SharedRegion.attach(path, { offset, length: length - pageBytes() }), {
    code: 'ERR_CARILLON_REGION_SIZE',
  })
  t.throws(() => SharedRegion.attach(path, { offset, length: length + 2 * pageBytes() }), {
    code: 'ERR_CARILLON_REGION_SIZE',
  })
  for (const place of [
    { offset: 1 },
    { offset: -pageBytes() },
    { offset: Number.NaN },
    { offset: 2 ** 60 },
    { offset, length: 0 },
    { offset, length: length - 1 },
    { uioMap: 0 },
  ]) {
    t.throws(() => SharedRegion.attach(path, place), { code: 'ERR_CARILLON_ARGUMENT' })
  }
})

test('what became of a region is checked, each with its own error', (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'region')
  const region = SharedRegion.create(path, { cores: 1 })
  const reader = SharedRegion.attach(path)
  region.check()
  reader.check()
  Object.assign(region.shared.rings[0] ?? {}, { capacity: 1 })
  t.throws(() => region.check(), { code: 'ERR_CARILLON_REGION_DAMAGED' })
  t.throws(() => reader.check(), { code: 'ERR_CARILLON_REGION_RINGS' })
  region.renew()
  region.check()
  reader.check()
  renameSync(path, `${path}.elsewhere`)
  for (const { check } of [region, reader].map((side) => ({ check: () => side.check() }))) {
    t.throws(check, { code: 'ERR_CARILLON_REGION_ORPHANED' })
    writeFileSync(path, 'another')
    t.throws(check, { code: 'ERR_CARILLON_REGION_ORPHANED' })
  }
})

test('whatever a header is, there is a region or an error', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, { cores: 2, ringCapacityBytes: 16_384 })
  const sound = region.memory.words.slice(0, SharedMem.offsets.control / 4)
  const words = fc.array(
    fc.tuple(
      fc.nat(sound.length - 1),
      fc.oneof(
        fc.integer(),
        fc.nat(4),
        fc.nat(16).map((shift) => 1 << (shift + 8)),
      ),
    ),
    { minLength: 1, maxLength: 4 },
  )
  fc.assert(
    fc.property(words, (damages) => {
      region.memory.words.set(sound)
      for (const [index, word] of damages) region.memory.words[index] = word
      try {
        const reader = SharedRegion.attach(path)
        // What was let through lies in the region.
        for (const { offset, capacity } of reader.shared.rings.slice(0, 2 * reader.cores)) {
          t.true(offset + RingControl.bytes + capacity <= reader.memory.bytes.length)
        }
        reader.close()
      } catch (error) {
        t.regex(errorCode(error), /^ERR_CARILLON_REGION_[A-Z]+$/, String(error))
      }
    }),
    { numRuns: 500 },
  )
})
