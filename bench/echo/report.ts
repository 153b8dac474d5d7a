import { shortNumber, textTable } from '../../src/cli/text-table.ts'
import type { Judgement } from '../judgement.ts'
import { estimateText, measuredText, spreadText, suiteText, targetsText } from '../report-text.ts'
import { figuresOf, type Results, type Series } from '../results.ts'
import { type Estimate, median, ratioOfMedians } from '../statistics.ts'
import { CELLS, type Cell } from './cells.ts'
import { judge } from './judgement.ts'
import { TARGETS, type Target } from './targets.ts'

const MIB = 1024 * 1024

/** The results for reading. */
export function echoReport(results: Results): string {
  return suiteText(results, {
    cells: CELLS,
    cellText,
    judgedText: () => judgedText(judge(results, TARGETS)),
    disturbance: (share) =>
      `the servers were ready to run and had no CPU for ${share} of the time (median). "per CPU s" suffers least from that.`,
  })
}

function cellText(results: Results, cell: Cell): string {
  const all = results.series.filter((series) => series.cell === cell.name)
  // Ratios of a quick run say nothing and would make the lines too long for a terminal.
  const ours = results.isQuick ? [] : all.filter(({ isOurs }) => isOurs)
  const header = [
    ...['', 'messages/s', 'spread', 'p50 us', 'p99 us', 'p99.9 us'],
    ...['per CPU s', 'CPU', 'load CPU', 'RSS MiB'],
    ...(cell.measuresMemory ? ['B/connection'] : []),
    ...ours.map(({ contender }) => `${contender} / it`),
  ]
  const rows = all.map((series) => [
    series.contender,
    ...figures(series, cell),
    ...ours.map((our) => (series.isOurs ? '' : estimateText(rateRatio(our, series)))),
  ])
  return `${cell.title}\n${textTable([header, ...rows])}`
}

function figures(series: Series, cell: Cell): string[] {
  const of = (metric: string) => figuresOf(series, metric)
  const rates = of('messagesPerS')
  const us = (metric: string) => median(of(metric)).toFixed(1)
  const percent = (metric: string) => `${(median(of(metric)) * 100).toFixed(0)} %`
  return [
    shortNumber(median(rates)),
    spreadText(rates),
    ...[us('p50Us'), us('p99Us'), us('p999Us')],
    shortNumber(median(of('messagesPerCpuS'))),
    ...[percent('serverCpuShare'), percent('loadCpuShare')],
    (median(of('loadedRssBytes')) / MIB).toFixed(1),
    ...(cell.measuresMemory ? [median(of('bytesPerConnection')).toFixed(0)] : []),
  ]
}

function rateRatio(ours: Series, theirs: Series): Estimate {
  return ratioOfMedians(figuresOf(ours, 'messagesPerS'), figuresOf(theirs, 'messagesPerS'))
}

function judgedText(judgements: readonly Judgement<Target>[]): string {
  return targetsText(
    judgements.map((judgement) => {
      const { target, measured, verdict } = judgement
      const { value, low, high } = measured
      return {
        verdict,
        wish: `${titleOf(target.cell)}: ${wish(target)}`,
        measured:
          target.kind === 'memory'
            ? `${value.toFixed(0)} B (${low.toFixed(0)}..${high.toFixed(0)})`
            : measuredText(judgement),
      }
    }),
  )
}

function titleOf(cell: string): string {
  return CELLS.find(({ name }) => name === cell)?.title ?? cell
}

function wish(target: Target): string {
  const { contender } = target
  switch (target.kind) {
    case 'ratio':
      return `${contender} over ${target.peer} at least ${target.atLeast}`
    case 'unchanged':
      return `${contender} at least ${target.atLeast} of "${titleOf(target.from)}"`
    case 'memory':
      return `${contender} at most ${target.bytesAtMost} B a connection`
  }
}
