import { BenchError } from './errors.ts'
import { figuresOf, findSeries, type Results } from './results.ts'
import { chanceOfDifference, median } from './statistics.ts'

/** A figure that runs are compared by. */
interface ComparedMetric {
  readonly name: string
  readonly better: 'more' | 'less'
  /** Whether the yardstick's figure of the same round is divided out, so that the machine does not count. */
  readonly isRelative: boolean
}

const COMPARED_METRICS: readonly ComparedMetric[] = [
  { name: 'messagesPerS', better: 'more', isRelative: true },
  { name: 'messagesPerCpuS', better: 'more', isRelative: true },
  { name: 'p99Us', better: 'less', isRelative: true },
  { name: 'bytesPerConnection', better: 'less', isRelative: false },
]

/** With fewer rounds on a side nothing that chance does can be told from a change. */
const ROUNDS_MIN = 5
/** A change counts where chance alone would make one like it in fewer than one of 100 comparisons. */
const CHANCE_MAX = 0.01
/** A smaller change is not worth a sentence, however certain it is. */
const CHANGE_MIN = 0.03

/** How one figure of one contender moved from one run to another. */
export interface Move {
  readonly cell: string
  readonly contender: string
  readonly metric: string
  /** Medians; of a relative figure, its ratio to the yardstick's. */
  readonly before: number
  readonly after: number
  /** The probability that chance alone makes as large a difference. */
  readonly chance: number
  readonly verdict: 'better' | 'worse' | 'within noise'
}

/**
 * What moved between two runs of a suite, for this project in every cell that both have.
 *
 * @throws {BenchError} `ERR_CARILLON_BENCH_RESULTS` where the two cannot be compared.
 */
export function compareResults(before: Results, after: Results): Move[] {
  if (before.suite !== after.suite) {
    refuse(`they are of two suites, ${before.suite} and ${after.suite}`)
  }
  if (before.isQuick || after.isQuick) refuse('the figures of a run with --quick mean nothing')
  const moves = after.series
    .filter(({ isOurs }) => isOurs)
    .flatMap(({ cell, contender }) =>
      COMPARED_METRICS.flatMap((metric) => {
        const old = comparedFigures(before, cell, contender, metric)
        const now = comparedFigures(after, cell, contender, metric)
        if (old.length === 0 || now.length === 0) return []
        if (Math.min(old.length, now.length) < ROUNDS_MIN) {
          refuse(`it takes at least ${ROUNDS_MIN} rounds on both sides`)
        }
        return [move(cell, contender, metric, old, now)]
      }),
    )
  if (moves.length === 0) refuse('they have no cell in common')
  return moves
}

function refuse(why: string): never {
  throw new BenchError('ERR_CARILLON_BENCH_RESULTS', `the two cannot be compared: ${why}`)
}

function comparedFigures(
  results: Results,
  cell: string,
  contender: string,
  { name, isRelative }: ComparedMetric,
): number[] {
  const figures = figuresOf(findSeries(results, cell, contender), name)
  if (!isRelative) return figures
  const yardstick = figuresOf(findSeries(results, cell, results.yardstick), name)
  return yardstick.length === figures.length
    ? figures.map((figure, round) => figure / (yardstick[round] ?? Number.NaN))
    : figures
}

function move(
  cell: string,
  contender: string,
  metric: ComparedMetric,
  old: readonly number[],
  now: readonly number[],
): Move {
  const [before, after] = [median(old), median(now)]
  const chance = chanceOfDifference(old, now)
  const isMoved = chance < CHANCE_MAX && Math.abs(after / before - 1) >= CHANGE_MIN
  const isBetter = metric.better === 'more' ? after > before : after < before
  const verdict = !isMoved ? 'within noise' : isBetter ? 'better' : 'worse'
  return { cell, contender, metric: metric.name, before, after, chance, verdict }
}
