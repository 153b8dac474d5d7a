import { errorMessage } from '../../src/errors.ts'
import { BenchError } from '../errors.ts'
import { PinnedProcess } from '../pinned-process.ts'
import type { Placement } from '../placement.ts'
import { waitedShare } from '../process-figures.ts'
import type { Sample } from '../results.ts'
import type { Cell } from './cells.ts'
import type { Contender } from './contenders.ts'
import { PairFiles } from './pair-files.ts'
import type { ResultLine, WindowTimes } from './window.ts'

/** Ample for the start of Node, and for the first message, on a busy machine. */
const START_LIMIT_MS = 30_000

/**
 * One contender in one cell, in one round: two fresh sides over fresh memory.
 *
 * @throws {BenchError} `ERR_CARILLON_BENCH_SERVER`, with what the sides say.
 */
export async function measure(
  contender: Contender,
  cell: Cell,
  times: WindowTimes,
  placement: Placement,
  signal: AbortSignal,
): Promise<Sample> {
  const limit = AbortSignal.timeout(times.warmupMs + times.durationMs + START_LIMIT_MS)
  const files = new PairFiles()
  const sides: PinnedProcess[] = []
  const start = (name: string, command: readonly string[], cpu: number) => {
    const side = new PinnedProcess(name, command, cpu, files.descriptors)
    sides.push(side)
    return side
  }
  try {
    return await measureSides(contender, cell, times, placement, {
      start,
      signal: AbortSignal.any([signal, limit]),
    })
  } catch (cause) {
    signal.throwIfAborted()
    const why = limit.aborted ? 'there was no result in time' : errorMessage(cause)
    const endings = sides.map(({ ending }) => ending).join('')
    throw new BenchError(
      'ERR_CARILLON_BENCH_SERVER',
      `${contender.name}, ${cell.title}: ${why}${endings}`,
      { cause },
    )
  } finally {
    await Promise.all(sides.map((side) => side.stop()))
    files.close()
  }
}

interface Start {
  readonly start: (name: string, command: readonly string[], cpu: number) => PinnedProcess
  readonly signal: AbortSignal
}

async function measureSides(
  { partner, driver, sending = [] }: Contender,
  cell: Cell,
  { warmupMs, durationMs }: WindowTimes,
  placement: Placement,
  { start, signal }: Start,
): Promise<Sample> {
  const [first, second] = [cell.partner[0] ?? '', cell.driver[0] ?? '']
  const other =
    partner && start(`"${first}"`, [...partner, ...cell.partner, ...sending], placement.server)
  const whereOther = other
    ? addressOptions(parseLine<ReadyLine>('ready', await other.line(signal)))
    : ['--partner-cpu', String(placement.server)]
  const before = other?.figures()
  const measuring = start(
    `"${second}"`,
    [
      ...[...driver, ...cell.driver, ...whereOther],
      ...['--warmup-ms', String(warmupMs), '--duration-ms', String(durationMs)],
    ],
    placement.load,
  )
  const told = measuring.line(signal)
  const line = await (other ? Promise.race([told, other.ended()]) : told)
  const sample = toSample(parseLine<ResultLine>('result', line), cell)
  return before && other ? { ...sample, waitedShare: waitedShare(before, other.figures()) } : sample
}

interface ReadyLine {
  readonly event: 'ready'
  /** Of a socket, where there is one. */
  readonly address?: string
}

function addressOptions({ address }: ReadyLine): string[] {
  return address === undefined ? [] : ['--address', address]
}

/** @throws where it is another line, or none because a side has ended. */
function parseLine<Line extends { readonly event: string }>(
  event: Line['event'],
  text: string | undefined,
): Line {
  if (text === undefined) throw new Error('a side ended too early')
  const line = JSON.parse(text) as Line
  if (line.event !== event) throw new Error(`a side said ${text}`)
  return line
}

function toSample({ event: _event, ...figures }: ResultLine, cell: Cell): Sample {
  if (!(figures.messages > 0)) throw new Error('no message was measured')
  if (!cell.isPaused) return figures
  // How many there were in a second is what the pauses make of it.
  const { messagesPerS: _messagesPerS, ...latencies } = figures
  return latencies
}
