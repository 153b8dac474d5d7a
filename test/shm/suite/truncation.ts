import { chmodSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { errorCode } from '../../../src/errors.ts'
import { coreRings } from '../../../src/shm/core-rings.ts'
import { pageBytes } from '../../../src/shm/mapping.ts'
import { LIMITS } from '../../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../../src/shm/shared-region.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const OPTIONS = { cores: 1, ringCapacityBytes: LIMITS.RING_CAPACITY_MIN }

test('a host notices that its file was cut short before it touches it, and mends it', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, OPTIONS)
  const { size } = statSync(path)
  chmodSync(path, 0o600)
  for (const cut of [size - 1, pageBytes(), 0]) {
    const { session } = region
    truncateSync(path, cut)
    t.true(region.isTruncated)
    t.throws(() => region.check(), { code: 'ERR_CARILLON_REGION_TRUNCATED' })
    region.renew()
    t.false(region.isTruncated)
    t.is(statSync(path).size, size)
    t.not(region.session, session)
    t.notThrows(() => region.check())
    t.is(SharedRegion.attach(path).session, region.session)
  }
})

test('a host that touched what is gone goes on, and mends it', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, OPTIONS)
  const { size } = statSync(path)
  const { toCore } = coreRings(region, 0)
  chmodSync(path, 0o600)
  truncateSync(path, 0)
  for (let count = 0; count < 8; count++) toCore.write(1, 0, 0, new Uint8Array(1000))
  toCore.publish()
  // Also where the file is as long again: what is mapped is not it any more.
  truncateSync(path, size)
  t.true(region.isTruncated)
  t.false(region.isIntact)
  t.throws(() => region.check(), { code: 'ERR_CARILLON_REGION_TRUNCATED' })
  region.renew()
  const reader = SharedRegion.attach(path)
  region.shared.hostStatus.heartbeat = 77
  t.is(reader.shared.hostStatus.heartbeat, 77)
  toCore.reset()
  t.true(toCore.write(1, 0, 0, new Uint8Array(8)))
})

test('a reader of a file that was cut short gets an error once it finds out', (t) => {
  const path = join(temporaryFolder(t), 'region')
  SharedRegion.create(path, OPTIONS).close()
  const reader = SharedRegion.attach(path)
  chmodSync(path, 0o600)
  truncateSync(path, 0)
  t.is(reader.shared.status[0]?.boot, 0)
  t.true(reader.isTruncated)
  t.throws(() => reader.check(), { code: 'ERR_CARILLON_REGION_TRUNCATED' })
})

test('wherever and whenever a file is cut, there are errors only', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, OPTIONS)
  const { size } = statSync(path)
  chmodSync(path, 0o600)
  const rings = coreRings(region, 0)
  const payload = new Uint8Array(1000)
  let reader: SharedRegion<'reader'> | undefined
  const steps: Record<string, () => void> = {
    write: () => void rings.toCore.write(1, 0, 0, payload),
    publish: () => void rings.toCore.publish(),
    read: () => void rings.fromCore.read(() => undefined, 10),
    sleep: () => void rings.fromCore.trySleep(),
    beat: () => {
      region.shared.hostStatus.heartbeat++
    },
    attach: () => {
      reader?.close()
      reader = undefined
      reader = SharedRegion.attach(path)
    },
    look: () => void reader?.check(),
    check: () => region.check(),
    renew: () => {
      region.renew()
      rings.toCore.reset()
      rings.fromCore.reset()
    },
  }
  const step = fc.oneof(
    fc.constantFrom(...Object.keys(steps)),
    fc.nat(size).map((bytes) => `cut ${bytes}`),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (names) => {
      for (const name of names) {
        try {
          if (name.startsWith('cut ')) truncateSync(path, Number(name.slice(4)))
          else steps[name]?.()
        } catch (error) {
          t.regex(errorCode(error), /^ERR_CARILLON_(REGION|RING)_[A-Z]+$/, String(error))
        }
      }
      region.renew()
      t.notThrows(() => region.check())
      rings.toCore.reset()
      rings.fromCore.reset()
    }),
    { numRuns: 200 },
  )
})
