import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { coreRings } from '../../src/shm/core-rings.ts'
import { RingError } from '../../src/shm/errors.ts'
import { RegionInspector } from '../../src/shm/region-inspector.ts'
import { LIMITS, RegionHeader, SharedMem } from '../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { unreadRecords } from '../../src/shm/unread-records.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

type Test = Parameters<typeof temporaryFolder>[0]

function newRegion(t: Test, cores = 2) {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, { cores, ringCapacityBytes: LIMITS.RING_CAPACITY_MIN })
  t.teardown(() => region.remove())
  return { region, inspector: new RegionInspector(SharedRegion.attach(path)) }
}

test('a region is seen with its cores and rings', (t) => {
  const { region, inspector } = newRegion(t)
  region.shared.hostStatus.heartbeat = 7
  const control = region.shared.control[1]
  if (control) control.link = 3
  const { toCore } = coreRings(region, 1)
  toCore.write(1, 0, 0, new Uint8Array(48))
  toCore.publish()
  const look = inspector.look()
  t.like(look, { session: region.session, hostHeartbeat: 7, problems: [] })
  t.is(look.cores.length, 2)
  t.like(look.cores[1], { core: 1, state: 'offline', link: 0, offeredLink: 3 })
  t.deepEqual(
    look.rings.map(({ core, direction, look: ring }) => [core, direction, ring?.usedBytes]),
    [
      [0, 'to-core', 0],
      [0, 'from-core', 0],
      [1, 'to-core', 64],
      [1, 'from-core', 0],
    ],
  )
})

test('what cannot be is said, and does not hide the rest', (t) => {
  const { region, inspector } = newRegion(t)
  const { header, rings } = region.shared
  header.coreCount = 5
  header.ringCount = 0xffffffff
  Object.assign(rings[0] ?? {}, { offset: 0xffffffc0 })
  Object.assign(rings[1] ?? {}, { kind: 9 })
  const look = inspector.look()
  t.deepEqual(look.problems, [
    'the header says that there are 5 cores; the most is 4',
    'the header says that there are 4294967295 rings; the most is 16',
  ])
  t.is(look.cores.length, LIMITS.CORES_MAX)
  t.is(look.rings.length, LIMITS.RINGS_MAX)
  t.is(look.rings[0]?.look, undefined)
  t.regex(look.rings[0]?.problem ?? '', /does not fit at 4294967232/)
  t.is(look.rings[1]?.direction, undefined)
  t.is(look.rings[2]?.look?.usedBytes, 0)
  header.magic = 0
  t.is(inspector.look().session, 0)
})

test('any bytes at the start of a region give a look, and each ring records or a named error', (t) => {
  const { region, inspector } = newRegion(t)
  const word = fc.oneof(
    fc.constantFrom(0, 1, 4, SharedMem.bytes, LIMITS.RING_CAPACITY_MIN, 0xffffffff),
    fc.nat(0xffffffff),
  )
  const scribbles = fc.array(fc.tuple(fc.nat(SharedMem.bytes / 4 - 1), word), { maxLength: 60 })
  const counts = RegionHeader.offsets.coreCount / 4
  fc.assert(
    fc.property(scribbles, word, word, (words, cores, rings) => {
      region.renew()
      region.memory.words[counts] = cores
      region.memory.words[counts + 1] = rings
      for (const [at, value] of words) region.memory.words[at] = value
      const look = inspector.look()
      t.true(look.cores.length <= LIMITS.CORES_MAX && look.rings.length <= LIMITS.RINGS_MAX)
      for (const ring of inspector.rings()) {
        t.not(ring.inspector === undefined, ring.problem === undefined)
        if (ring.inspector === undefined) continue
        try {
          for (const { payload } of unreadRecords(ring.inspector.copyUnread())) {
            t.true(payload.length < LIMITS.RING_CAPACITY_MIN)
          }
        } catch (error) {
          t.true(error instanceof RingError)
        }
      }
    }),
    { numRuns: 300 },
  )
})
