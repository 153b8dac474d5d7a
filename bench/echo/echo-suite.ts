import { describeMachine, loadAverage } from '../machine.ts'
import { findPlacement } from '../placement.ts'
import { ASIO_MISSING, buildPrograms, hasAsio } from '../programs.ts'
import { RESULTS_FORMAT, type Results, type Sample } from '../results.ts'
import { CELLS, type Cell, quickCell } from './cells.ts'
import { CONTENDERS, YARDSTICK } from './contenders.ts'
import { type Durations, measure } from './measure.ts'

export interface EchoPlan {
  readonly isQuick: boolean
  readonly rounds: number
  /** Names of the cells to measure. */
  readonly cells: readonly string[]
}

interface Surroundings {
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total: number) => void
  /** A sentence for the user. */
  readonly onNote: (sentence: string) => void
}

/** Long enough that a server's start and a collection of garbage do not decide; 50 a round. */
const FULL: Durations = { warmupMs: 500, durationMs: 1500 }
const QUICK: Durations = { warmupMs: 50, durationMs: 150 }
/** Rounds that are not counted: the first finds files and caches cold. */
const WARMUP_ROUNDS = 1

type ListedContender = (typeof CONTENDERS)[number]

interface Bout {
  readonly cell: Cell
  readonly contender: ListedContender
  about: Readonly<Record<string, unknown>>
  readonly samples: Sample[]
}

/**
 * Measures every contender in every cell, round by round: in a cell one contender directly after
 * the other, so that whatever else the machine does falls on all of them.
 *
 * @throws {BenchError} where a program does not build, or a server or the load on it fails.
 */
export async function runEchoSuite(
  { isQuick, rounds, cells }: EchoPlan,
  { signal, onProgress, onNote }: Surroundings,
): Promise<Results> {
  buildPrograms()
  if (!hasAsio()) onNote(ASIO_MISSING)
  const placement = findPlacement()
  if (placement.server === placement.load) {
    onNote('there is one CPU for the server and the load: the figures are of both together')
  }
  const bouts = plannedBouts(cells, isQuick)
  const warmups = isQuick ? 0 : WARMUP_ROUNDS
  const total = (warmups + rounds) * bouts.length
  const startedAt = new Date().toISOString()
  const before = loadAverage()
  for (let run = 0; run < total; run++) {
    const bout = bouts[run % bouts.length]
    if (bout === undefined) break
    onProgress(run, total)
    const durations = isQuick ? QUICK : FULL
    const { sample, ready } = await measure(bout.contender, bout.cell, durations, placement, signal)
    const { event: _event, port: _port, ...about } = ready
    bout.about = about
    if (run >= warmups * bouts.length) bout.samples.push(sample)
  }
  onProgress(total, total)
  return {
    ...{ format: RESULTS_FORMAT, suite: 'echo', isQuick, startedAt, machine: describeMachine() },
    ...{ loadAverage: { before, after: loadAverage() }, yardstick: YARDSTICK },
    series: bouts.map(({ cell, contender: { name, isOurs }, about, samples }) => {
      return { cell: cell.name, contender: name, isOurs, about, samples }
    }),
  }
}

function plannedBouts(names: readonly string[], isQuick: boolean): Bout[] {
  return CELLS.filter(({ name }) => names.includes(name)).flatMap((cell) =>
    CONTENDERS.filter((contender) => takesPart(contender, cell)).map((contender) => {
      return { cell: isQuick ? quickCell(cell) : cell, contender, about: {}, samples: [] }
    }),
  )
}

function takesPart({ name }: ListedContender, cell: Cell): boolean {
  if (name === 'carillon-busy') return cell.isBusyPolled === true
  return name !== 'asio' || hasAsio()
}
