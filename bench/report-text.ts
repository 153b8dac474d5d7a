import type { Judgement } from './judgement.ts'
import { figuresOf, type Results, refusalText, withFigures } from './results.ts'
import { type Estimate, median } from './statistics.ts'
import type { Verdict } from './verdict.ts'

/** Over this share of waiting for the CPU the other work of the machine decides what is measured. */
const WAITED_SHARE_MAX = 0.05

/** What stands above the figures of every suite. */
function headingText({ isQuick, machine, loadAverage, series }: Results): string {
  const { cc, asio, node, carillon } = machine.versions
  const rounds = series[0]?.samples.length ?? 0
  return [
    ...(isQuick ? ['This was a quick run: everything works. The figures mean nothing.', ''] : []),
    `${machine.cpus} x ${machine.cpu}, Linux ${machine.kernel}; load average ${loadAverage.before} before, ${loadAverage.after} after`,
    `Carillon ${carillon}, Node ${node}, cc ${cc}, Asio ${asio}; ${rounds} round${rounds === 1 ? '' : 's'}`,
  ].join('\n')
}

/** What a suite's report has of its own. */
export interface ReportParts<Cell extends { readonly name: string }> {
  /** All cells of the suite, in order. */
  readonly cells: readonly Cell[]
  cellText(results: Results, cell: Cell): string
  /** The targets, judged. Not of a quick run. */
  judgedText(results: Results): string
  /** What waited for a CPU, for how much of the time. */
  readonly disturbance: (share: string) => string
}

/** The results of a suite for reading: what was measured of it, and how that is to be taken. */
export function suiteText<Cell extends { readonly name: string }>(
  all: Results,
  { cells, cellText, judgedText, disturbance }: ReportParts<Cell>,
): string {
  const refused = all.series.filter((series) => series.refused !== undefined)
  const results = withFigures(all)
  const measured = cells.filter(({ name }) => results.series.some(({ cell }) => cell === name))
  return [
    headingText(results),
    ...measured.map((cell) => cellText(results, cell)),
    ...(refused.length === 0 ? [] : [refused.map(refusalText).join('\n')]),
    ...(results.isQuick ? [] : [judgedText(results)]),
    ...disturbanceTexts(results, disturbance),
  ].join('\n\n')
}

/** Half of what lies between the slowest round and the fastest, as a share of the median. */
export function spreadText(figures: readonly number[]): string {
  const half = (Math.max(...figures) - Math.min(...figures)) / 2
  return `±${((half / median(figures)) * 100).toFixed(0)} %`
}

/** An estimate with its interval, each number as `form` writes it. */
export function estimateText({ value, low, high }: Estimate, form = toHundredths): string {
  return `${form(value)} [${form(low)}, ${form(high)}]`
}

/** What was measured of a target, and what the yardstick reached of it, each as `form` writes it. */
export function measuredText(
  { measured, yardstick }: Pick<Judgement<unknown>, 'measured' | 'yardstick'>,
  form = toHundredths,
): string {
  const text = estimateText(measured, form)
  if (yardstick === undefined) return text
  return `${text} (${yardstick.contender}: ${estimateText(yardstick.measured, form)})`
}

/** A line for each target. */
export function targetsText(
  targets: readonly { verdict: Verdict; wish: string; measured: string }[],
): string {
  const lines = targets.map(
    ({ verdict, wish, measured }) => `${verdict.padEnd(9)}  ${wish}: ${measured}`,
  )
  return ['Targets', ...lines].join('\n')
}

/**
 * A sentence where other work took so much of the machine that the figures tell of that.
 *
 * @param words what it did, for how much of the time somebody waited for a CPU.
 */
function disturbanceTexts({ series }: Results, words: (share: string) => string): string[] {
  const shares = series
    .map((each) => figuresOf(each, 'waitedShare'))
    .filter((figures) => figures.length > 0)
  const waited = median(shares.map(median))
  if (!(waited > WAITED_SHARE_MAX)) return []
  return [`Other work disturbed this: ${words(`${(waited * 100).toFixed(0)} %`)}`]
}

function toHundredths(value: number): string {
  return value.toFixed(2)
}
