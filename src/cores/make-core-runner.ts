import type { SharedRegion } from '../shm/shared-region.ts'
import type { FileCoreKind } from './core-kind.ts'
import type { CoreRunner } from './core-runner.ts'
import { HostedRunner, type HostedRunnerOptions } from './hosted-runner.ts'
import type { RegionFilePlace } from './qemu-board.ts'
import { QEMU_BOARDS } from './qemu-boards.ts'
import { QemuRunner } from './qemu-runner.ts'

/** Where the region of such cores has to lie in its file. */
export function regionFilePlace(kind: FileCoreKind): RegionFilePlace {
  return kind === 'hosted' ? { offset: 0 } : QEMU_BOARDS[kind].place
}

/**
 * @param firmware path, where it is not the one that was built here.
 * @param how `reactor` hears the bells; `polls` is for hosted cores, and says nothing of others.
 */
export function makeCoreRunner(
  kind: FileCoreKind,
  region: SharedRegion,
  firmware?: string,
  { reactor, polls }: Pick<HostedRunnerOptions, 'polls' | 'reactor'> = {},
): CoreRunner {
  const options = {
    region,
    ...(firmware !== undefined && { firmware }),
    ...(reactor !== undefined && { reactor }),
  }
  if (kind === 'hosted') return new HostedRunner({ ...options, ...(polls && { polls }) })
  return new QemuRunner({ ...options, board: QEMU_BOARDS[kind] })
}
