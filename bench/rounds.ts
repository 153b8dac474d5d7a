import { errorMessage } from '../src/errors.ts'
import { BenchError } from './errors.ts'
import { describeMachine, loadAverage } from './machine.ts'
import { RESULTS_FORMAT, type Results, refusalText, type Sample, type Series } from './results.ts'

export interface Plan {
  readonly isQuick: boolean
  readonly rounds: number
  /** Names of the cells to measure. */
  readonly cells: readonly string[]
}

export interface Surroundings {
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total: number) => void
  /** A sentence for the user. */
  readonly onNote: (sentence: string) => void
}

/** What is measured in every round: a contender in a cell. */
export interface Bout {
  readonly cell: string
  readonly contender: string
  readonly isOurs: boolean
  measure(signal: AbortSignal): Promise<{
    readonly sample: Sample
    /** What the contender says of itself. */
    readonly about: Readonly<Record<string, unknown>>
  }>
}

/** A series that still grows. */
type MeasuredSeries = { -readonly [Field in keyof Series]: Series[Field] } & { samples: Sample[] }

/** Rounds that are not counted: the first finds files and caches cold. */
const WARMUP_ROUNDS = 1

/**
 * Measures every bout, round by round: one directly after the other, so that whatever else the
 * machine does falls on all of them. A peer that fails, which is what losing or altering a message is,
 * is measured no more and has no figures; a note says so, and the others go on.
 *
 * @throws what `measure` throws of this project; the signal's reason.
 */
export async function measureInRounds(
  { suite, yardstick }: Pick<Results, 'suite' | 'yardstick'>,
  bouts: readonly Bout[],
  { isQuick, rounds }: Plan,
  { signal, onProgress, onNote }: Surroundings,
): Promise<Results> {
  const series = bouts.map(({ cell, contender, isOurs }) => {
    return { cell, contender, isOurs, about: {}, samples: [] } as MeasuredSeries
  })
  const warmups = isQuick ? 0 : WARMUP_ROUNDS
  const total = (warmups + rounds) * bouts.length
  const startedAt = new Date().toISOString()
  const before = loadAverage()
  let done = 0
  for (let round = 0; round < warmups + rounds; round++) {
    for (const [index, bout] of bouts.entries()) {
      onProgress(done++, total)
      const its = series[index]
      if (its === undefined || its.refused !== undefined) continue
      try {
        const { sample, about } = await bout.measure(signal)
        if (round < warmups) continue
        its.about = about
        its.samples.push(sample)
      } catch (error) {
        if (bout.isOurs || !isContendersFault(error)) throw error
        its.refused = errorMessage(error)
        its.samples = []
        onNote(refusalText(its))
      }
    }
  }
  onProgress(total, total)
  return {
    ...{ format: RESULTS_FORMAT, suite, isQuick, startedAt, machine: describeMachine() },
    ...{ loadAverage: { before, after: loadAverage() }, yardstick, series },
  }
}

/** Whether it was the contender that failed, or the load on it. */
function isContendersFault(error: unknown): boolean {
  const codes = ['ERR_CARILLON_BENCH_SERVER', 'ERR_CARILLON_BENCH_LOAD']
  return error instanceof BenchError && codes.includes(error.code)
}
