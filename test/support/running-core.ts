import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { pino } from 'pino'
import { ManagedCore, type ManagedCoreOptions } from '../../src/server/managed-core.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A managed core on a region of its own, of one core or more, running. Stopped after the test. */
export async function runningCore(
  t: ExecutionContext<unknown>,
  options: Partial<ManagedCoreOptions> = {},
  cores = 1,
): Promise<{ core: ManagedCore; region: SharedRegion }> {
  const region = SharedRegion.create(join(temporaryFolder(t), 'region'), { cores })
  const core = new ManagedCore({ region, core: 0, logger: pino({ level: 'silent' }), ...options })
  t.teardown(() => core.stop())
  await core.start()
  return { core, region }
}

/** Resolves when the core runs again, or for the first time. */
export async function running(core: ManagedCore): Promise<void> {
  if (core.state !== 'running') await new Promise<void>((resolve) => core.once('running', resolve))
}
