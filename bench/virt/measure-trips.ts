import { join } from 'node:path'
import { errorMessage } from '../../src/errors.ts'
import { BenchError } from '../errors.ts'
import { PinnedProcess } from '../pinned-process.ts'
import type { Placement } from '../placement.ts'
import { REPOSITORY } from '../programs.ts'
import type { Sample } from '../results.ts'
import type { ResultLine, WindowTimes } from '../rings/window.ts'
import { ROUND_TRIPS } from './cells.ts'
import type { MeasuredKind } from './contenders.ts'
import { spinningFirmware } from './spinning-firmware.ts'

const CALLER = join(REPOSITORY, 'dist/bench/virt/caller-process.js')

/** How long round trips are measured. */
export const TRIP_TIMES: WindowTimes = { warmupMs: 500, durationMs: 2000 }
export const TRIP_TIMES_QUICK: WindowTimes = { warmupMs: 20, durationMs: 60 }

/** Ample for the start of Node and of QEMU on a busy machine. */
const START_LIMIT_MS = 60_000

/**
 * What a caller is told of a cell.
 *
 * @param spinning firmware whose cores spin: of both sides where neither sleeps.
 */
export function tripArguments(cell: string, spinning: string): string[] {
  const { sleeps, pauseMs } = ROUND_TRIPS.get(cell) ?? { sleeps: false, pauseMs: 0 }
  return sleeps ? ['--sleep', '--pause-ms', `${pauseMs}`] : ['--firmware', spinning]
}

/**
 * Round trips to a core of that kind, in one round: a fresh caller, a fresh core.
 *
 * @throws {BenchError} `ERR_CARILLON_BENCH_SERVER`, with what the caller says.
 */
export async function measureTrips(
  kind: MeasuredKind,
  cell: string,
  { warmupMs, durationMs }: WindowTimes,
  placement: Placement,
  signal: AbortSignal,
): Promise<Sample> {
  const limit = AbortSignal.timeout(warmupMs + durationMs + START_LIMIT_MS)
  const caller = new PinnedProcess(
    'the caller',
    [
      ...[process.execPath, CALLER, '--kind', kind, '--core-cpu', `${placement.server}`],
      ...['--warmup-ms', `${warmupMs}`, '--duration-ms', `${durationMs}`],
      ...tripArguments(cell, spinningFirmware(kind)),
    ],
    placement.load,
  )
  try {
    const line = await caller.line(AbortSignal.any([signal, limit]))
    if (line === undefined) throw new Error('it ended too early')
    const { event: _event, messagesPerS: _rate, ...figures } = JSON.parse(line) as ResultLine
    if (!(figures.messages > 0)) throw new Error('no message was measured')
    return figures
  } catch (cause) {
    signal.throwIfAborted()
    const why = limit.aborted ? 'there was no result in time' : errorMessage(cause)
    throw new BenchError(
      'ERR_CARILLON_BENCH_SERVER',
      `round trips to a ${kind} core: ${why}${caller.ending}`,
      { cause },
    )
  } finally {
    await caller.stop()
  }
}
