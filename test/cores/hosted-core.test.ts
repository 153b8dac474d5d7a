import { chmodSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import { HostedCore } from '../../src/cores/hosted-core.ts'
import { makeCoreRunner } from '../../src/cores/make-core-runner.ts'
import { pageBytes } from '../../src/shm/mapping.ts'
import { regionBytes } from '../../src/shm/region-format.ts'
import { LIMITS, RING_KIND, RingControl } from '../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { viewStruct } from '../../src/shm/struct-view.ts'
import { runningCore } from '../support/running-core.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const OPTIONS = { cores: 1, ringCapacityBytes: LIMITS.RING_CAPACITY_MIN }

test('a core is not started on a region that it would not find', async (t) => {
  const path = join(temporaryFolder(t), 'region')
  const offset = pageBytes()
  writeFileSync(path, Buffer.alloc(offset + regionBytes(1, LIMITS.RING_CAPACITY_MIN)))
  const region = SharedRegion.attachHost(path, { ...OPTIONS, offset })
  await t.throwsAsync(HostedCore.start({ region, core: 0 }), { code: 'ERR_CARILLON_ARGUMENT' })
})

test('a core is not started on a file that was cut short, until it is mended', async (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, OPTIONS)
  chmodSync(path, 0o600)
  truncateSync(path, pageBytes())
  await t.throwsAsync(HostedCore.start({ region, core: 0 }), {
    code: 'ERR_CARILLON_REGION_TRUNCATED',
  })
  region.renew()
  const core = await HostedCore.start({ region, core: 0 })
  core.kill()
  await core.ended(10_000)
  region.close()
  await t.throwsAsync(HostedCore.start({ region, core: 0 }), {
    code: 'ERR_CARILLON_REGION_CLOSED',
  })
})

test('a core asks to be rung for when it has nothing to do, and one that polls never does', async (t) => {
  const region = SharedRegion.create(join(temporaryFolder(t), 'region'), OPTIONS)
  for (const polls of [false, true]) {
    const runner = makeCoreRunner('hosted', region, undefined, { polls })
    const { core } = await runningCore(t, { region, runner })
    const ring = region.shared.rings.find(({ kind }) => kind === RING_KIND.TO_CORE)
    const { consumer } = viewStruct(RingControl, region.memory, ring?.offset ?? 0, 'reader')
    const since = core.status.heartbeat
    let asked = false
    // Some heartbeats of either.
    while (core.status.heartbeat - since < 20) {
      asked ||= consumer.waiting !== 0
      await setImmediate()
    }
    t.is(asked, !polls)
    await core.stop()
  }
})
