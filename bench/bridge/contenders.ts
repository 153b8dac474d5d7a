import { join } from 'node:path'
import { HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { builtProgram, REPOSITORY } from '../programs.ts'

/** A bridge that is measured. Each gets `--port 0` behind its command, and `--core-polls` where so. */
export interface Contender {
  readonly name: string
  readonly isOurs: boolean
  /** Whether it goes on asking for events after some: it is only in cells for one client. */
  readonly isBusy?: true
  readonly command: readonly string[]
}

const CARILLON = [process.execPath, join(REPOSITORY, 'dist/bench/bridge/carillon-server.js')]
const C_BRIDGE = [builtProgram('epoll_bridge'), '--firmware', HOSTED_FIRMWARE]

/** How long those poll after an event that do, in microseconds: longer than a round trip takes. */
const BUSY_POLLING = ['--busy-poll-us', '100']

export const CONTENDERS = [
  { name: 'carillon', isOurs: true, command: CARILLON },
  { name: 'carillon-busy', isOurs: true, isBusy: true, command: [...CARILLON, ...BUSY_POLLING] },
  { name: 'carillon-net', isOurs: true, command: [...CARILLON, '--transport', 'net'] },
  { name: 'c-bridge', isOurs: false, command: C_BRIDGE },
  { name: 'c-bridge-busy', isOurs: false, isBusy: true, command: [...C_BRIDGE, ...BUSY_POLLING] },
  {
    name: 'afternoon',
    isOurs: false,
    command: [
      ...[process.execPath, join(REPOSITORY, 'dist/bench/peers/net-bridge.js')],
      ...['--firmware', HOSTED_FIRMWARE],
    ],
  },
] as const satisfies readonly Contender[]

/** What all others are measured by: as much as this machine can do. */
export const YARDSTICK = 'c-bridge'
