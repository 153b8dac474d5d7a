import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { bareMetalFirmwarePath } from '../../src/cores/built-firmware.ts'

/** The kinds of core that are measured. */
export type MeasuredKind = 'hosted' | 'virt'

/** What virt is measured by: the same firmware without an emulator. */
export const YARDSTICK: MeasuredKind = 'hosted'

/** The kinds of core, in the order in which they are measured. */
export const KINDS: readonly MeasuredKind[] = ['virt', YARDSTICK]

/** Node with nothing to do, in the cell of the start: what every start of this project has in it. */
export const BARE_NODE = 'node'

/** What to say where bare metal cannot run. */
export const VIRT_MISSING =
  'virt is left out: apt-get install qemu-system-arm gcc-aarch64-linux-gnu picolibc-aarch64-linux-gnu, npm run setup'

export function hasVirt(): boolean {
  const { status } = spawnSync('qemu-system-aarch64', ['--version'], { stdio: 'ignore' })
  return status === 0 && existsSync(bareMetalFirmwarePath('virt'))
}
