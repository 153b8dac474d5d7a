import { runLoad } from '../load-process.ts'
import { commonSample, type Durations, measureServer } from '../loaded-server.ts'
import type { Placement } from '../placement.ts'
import type { Sample } from '../results.ts'
import type { ReadyLine } from '../server-process.ts'
import type { Cell } from './cells.ts'
import type { Contender } from './contenders.ts'

/** One contender in one cell, in one round: a fresh server, and the load on it. */
export async function measure(
  { name, command }: Contender,
  cell: Cell,
  durations: Durations,
  placement: Placement,
  signal: AbortSignal,
): Promise<{ sample: Sample; ready: ReadyLine }> {
  const server = { name, command, title: cell.title }
  const { result, figures, ready } = await measureServer(
    server,
    placement,
    signal,
    ({ ready, pid }, onConnected) =>
      runLoad({ ...cell, ...durations }, { port: ready.port, pid }, placement.load, {
        ...{ signal, onConnected },
      }),
  )
  return { sample: commonSample(cell, result, figures), ready }
}
