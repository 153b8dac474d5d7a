import type { SharedRegion } from '../shm/shared-region.ts'
import type { Core } from './core.ts'
import { HOSTED_FIRMWARE, HostedCore } from './hosted-core.ts'
import type { RegionFilePlace } from './qemu-board.ts'
import { QEMU_BOARDS } from './qemu-boards.ts'
import { QemuRunner } from './qemu-runner.ts'

/** What cores can be: processes of this machine, or bare metal on a board that QEMU has. */
export type CoreKind = Core['kind']

/** What runs the cores of a region. */
export interface CoreRunner {
  readonly kind: CoreKind
  /** Path of the firmware that it starts. */
  readonly firmware: string
  /**
   * Starts a core, the first time or again. It may have rung before this resolves: look once at what
   * it has to say.
   *
   * @throws {CoreError} and others, as {@link HostedCore.start} and {@link QemuMachine.start}.
   */
  start(core: number): Promise<Core>
}

/** Where the region of such cores has to lie in its file. */
export function regionFilePlace(kind: CoreKind): RegionFilePlace {
  return kind === 'hosted' ? { offset: 0 } : QEMU_BOARDS[kind].place
}

/** @param firmware path, where it is not the one that was built here. */
export function coreRunner(kind: CoreKind, region: SharedRegion, firmware?: string): CoreRunner {
  const options = { region, ...(firmware !== undefined && { firmware }) }
  if (kind !== 'hosted') return new QemuRunner({ ...options, board: QEMU_BOARDS[kind] })
  return {
    kind,
    firmware: firmware ?? HOSTED_FIRMWARE,
    start: (core) => HostedCore.start({ ...options, core }),
  }
}
