import type { SharedRegion } from '../shm/shared-region.ts'
import type { Core } from './core.ts'
import { HostedCore, type HostedCoreOptions } from './hosted-core.ts'
import { VirtRunner } from './virt-runner.ts'

/** What cores can be: processes of this machine, or bare metal in QEMU. */
export type CoreKind = 'hosted' | 'virt'

/** What runs the cores of a region. */
export interface CoreRunner {
  readonly kind: CoreKind
  /**
   * Starts a core, the first time or again. It may have rung before this resolves: look once at what
   * it has to say.
   *
   * @throws {CoreError} and others, as {@link HostedCore.start} and {@link VirtMachine.start}.
   */
  start(core: number): Promise<Core>
}

/**
 * @param firmware path, where it is not the one that was built here.
 * @param hosted how hosted cores are run; says nothing of others.
 */
export function coreRunner(
  kind: CoreKind,
  region: SharedRegion,
  firmware?: string,
  hosted: Pick<HostedCoreOptions, 'polls' | 'reactor'> = {},
): CoreRunner {
  const options = { region, ...(firmware !== undefined && { firmware }) }
  if (kind === 'virt') return new VirtRunner(options)
  return { kind, start: (core) => HostedCore.start({ ...options, ...hosted, core }) }
}
