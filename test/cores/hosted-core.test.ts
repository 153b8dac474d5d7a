import { chmodSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { HostedCore } from '../../src/cores/hosted-core.ts'
import { pageBytes } from '../../src/shm/mapping.ts'
import { LIMITS } from '../../src/shm/shared-mem.ts'
import { regionBytes, SharedRegion } from '../../src/shm/shared-region.ts'
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
