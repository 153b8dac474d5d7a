import { BenchError } from '../errors.ts'
import type { Sample } from '../results.ts'
import type { ResultLine, WindowTimes } from '../rings/window.ts'
import { tripArguments } from '../virt/measure-trips.ts'
import { GUEST, type LinuxMachine } from './linux-machine.ts'

/**
 * Round trips from Node in the machine's Linux to a core beside it, in one round: a fresh caller, a fresh
 * core.
 *
 * @param spinning path in the checkout of the firmware whose cores spin: of both sides where neither sleeps.
 * @throws {BenchError} `ERR_CARILLON_BENCH_SERVER`, with what the caller says.
 */
export async function measureBoardTrips(
  machine: Pick<LinuxMachine, 'run'>,
  board: string,
  spinning: string,
  cell: string,
  { warmupMs, durationMs }: WindowTimes,
): Promise<Sample> {
  const result = await machine.run(
    [
      ...['node', `${GUEST}/dist/bench/virt/caller-process.js`, '--kind', `board:${board}`],
      ...['--warmup-ms', `${warmupMs}`, '--duration-ms', `${durationMs}`],
      ...tripArguments(cell, `${GUEST}/${spinning}`),
    ].join(' '),
  )
  if (result?.status !== 0) {
    const why = result === undefined ? 'the machine ended' : result.output
    throw new BenchError('ERR_CARILLON_BENCH_SERVER', `round trips on ${board}: ${why}`)
  }
  const { event: _event, messagesPerS: _rate, ...figures } = JSON.parse(result.output) as ResultLine
  return figures
}
