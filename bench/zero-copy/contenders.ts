import { join } from 'node:path'
import { CONTENDERS as ALL_BRIDGES } from '../bridge/contenders.ts'
import { builtProgram, REPOSITORY } from '../programs.ts'
import type { Cell } from './cells.ts'

/** What is measured. Each gets `--port 0` behind its command. */
export interface Contender {
  readonly name: string
  readonly isOurs: boolean
  readonly command: readonly string[]
}

/** The bridges of the suite `bridge`, without those that poll: they copy as the others do. */
const BRIDGES: readonly Contender[] = ALL_BRIDGES.filter((bridge) => !('isBusy' in bridge))

const STREAM_SERVER = [
  process.execPath,
  join(REPOSITORY, 'dist/bench/zero-copy/stream-server.js'),
] as const

/** Each gets `--file FILE --block BYTES` as well. */
const STREAMERS: readonly Contender[] = [
  { name: 'c-copy', isOurs: false, command: [builtProgram('stream_write'), '--way', 'copy'] },
  { name: 'c-write', isOurs: false, command: [builtProgram('stream_write'), '--way', 'write'] },
  { name: 'carillon-copy', isOurs: true, command: [...STREAM_SERVER, '--way', 'copy'] },
  { name: 'carillon', isOurs: true, command: [...STREAM_SERVER, '--way', 'send'] },
  { name: 'carillon-zero-copy', isOurs: true, command: [...STREAM_SERVER, '--way', 'zero-copy'] },
]

/** What the others are measured by: a plain write() from a copy. Bridges are measured by nothing. */
export const YARDSTICK = 'c-copy'

/** Who is measured in a cell. */
export function contendersOf({ kind }: Cell): readonly Contender[] {
  return kind === 'stream' ? STREAMERS : BRIDGES
}
