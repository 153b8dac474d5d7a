import { join } from 'node:path'
import { CONTENDERS as BRIDGES, YARDSTICK as C_BRIDGE } from '../bridge/contenders.ts'
import { REPOSITORY } from '../programs.ts'
import type { Sweep } from './sweeps.ts'

/** A bridge that is measured, with so many cores. */
export interface Contender {
  readonly name: string
  readonly isOurs: boolean
  commandFor(cores: number): readonly string[]
}

export const OURS: Contender = {
  name: 'carillon',
  isOurs: true,
  commandFor: (cores) => [
    ...[process.execPath, join(REPOSITORY, 'dist/bench/scale/scale-server.js')],
    ...['--cores', String(cores)],
  ],
}

/** The bridge in C of the suite `bridge`. */
export const PEER: Contender = {
  name: C_BRIDGE,
  isOurs: false,
  commandFor: () => BRIDGES.find(({ name }) => name === C_BRIDGE)?.command ?? [],
}

/** What two runs are compared by. */
export const YARDSTICK = PEER.name

/** Who is measured on a curve. */
export function contendersOf({ hasPeer }: Sweep): readonly Contender[] {
  return hasPeer ? [OURS, PEER] : [OURS]
}
