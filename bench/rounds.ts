import { describeMachine, loadAverage } from './machine.ts'
import { RESULTS_FORMAT, type Results, type Sample } from './results.ts'

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

/** Rounds that are not counted: the first finds files and caches cold. */
const WARMUP_ROUNDS = 1

/**
 * Measures every bout, round by round: one directly after the other, so that whatever else the
 * machine does falls on all of them.
 *
 * @throws what `measure` throws; the signal's reason.
 */
export async function measureInRounds(
  { suite, yardstick }: Pick<Results, 'suite' | 'yardstick'>,
  bouts: readonly Bout[],
  { isQuick, rounds }: Plan,
  { signal, onProgress }: Surroundings,
): Promise<Results> {
  const series = bouts.map(({ cell, contender, isOurs }) => {
    return { cell, contender, isOurs, about: {}, samples: [] as Sample[] }
  })
  const warmups = isQuick ? 0 : WARMUP_ROUNDS
  const total = (warmups + rounds) * bouts.length
  const startedAt = new Date().toISOString()
  const before = loadAverage()
  let done = 0
  for (let round = 0; round < warmups + rounds; round++) {
    for (const [index, bout] of bouts.entries()) {
      onProgress(done++, total)
      const { sample, about } = await bout.measure(signal)
      const its = series[index]
      if (its === undefined || round < warmups) continue
      its.about = about
      its.samples.push(sample)
    }
  }
  onProgress(total, total)
  return {
    ...{ format: RESULTS_FORMAT, suite, isQuick, startedAt, machine: describeMachine() },
    ...{ loadAverage: { before, after: loadAverage() }, yardstick, series },
  }
}
