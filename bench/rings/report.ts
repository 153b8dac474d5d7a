import { shortNumber, textTable } from '../../src/cli/text-table.ts'
import type { Judgement } from '../judgement.ts'
import { estimateText, spreadText, suiteText, targetsText } from '../report-text.ts'
import { figuresOf, type Results, type Series } from '../results.ts'
import { median, ratioOfMedians } from '../statistics.ts'
import { CELLS, type Cell, ONE_WAY } from './cells.ts'
import { judge } from './judgement.ts'
import { TARGETS, type Target } from './targets.ts'

const RINGBUF_NOTE =
  'ringbuf.js is between two threads of one process: it cannot go between processes.'

/** The results for reading. */
export function ringsReport(results: Results): string {
  return suiteText(results, {
    cells: CELLS,
    cellText,
    judgedText: () => judgedText(judge(results, TARGETS)),
    disturbance: (share) =>
      `the sides were ready to run and had no CPU for ${share} of the time (median). These figures say nothing of the rings.`,
  })
}

function cellText(results: Results, cell: Cell): string {
  const all = results.series.filter((series) => series.cell === cell.name)
  // Ratios of a quick run say nothing and would make the lines too long for a terminal.
  const ours = results.isQuick ? [] : all.filter(({ isOurs }) => isOurs)
  const columns = cell.name === ONE_WAY ? ['records/s', 'spread'] : tripColumns
  const header = ['', ...columns, ...ours.map(({ contender }) => `${contender} / it`)]
  const rows = all.map((series) => [
    series.contender,
    ...(cell.name === ONE_WAY ? rate(series) : latencies(series)),
    ...ours.map((our) => (series.isOurs ? '' : ratio(our, series, cell))),
  ])
  const note = all.some(({ contender }) => contender === 'ringbuf.js') ? [RINGBUF_NOTE] : []
  return [cell.title, textTable([header, ...rows]), ...note].join('\n')
}

const tripColumns = ['p50 us', 'spread', 'p99 us', 'p99.9 us']

function rate(series: Series): string[] {
  const rates = figuresOf(series, 'messagesPerS')
  return [shortNumber(median(rates)), spreadText(rates)]
}

function latencies(series: Series): string[] {
  const us = (metric: string) => median(figuresOf(series, metric)).toFixed(2)
  return [us('p50Us'), spreadText(figuresOf(series, 'p50Us')), us('p99Us'), us('p999Us')]
}

function ratio(ours: Series, theirs: Series, { metric }: Cell): string {
  return estimateText(ratioOfMedians(figuresOf(ours, metric), figuresOf(theirs, metric)))
}

function judgedText(judgements: readonly Judgement<Target>[]): string {
  return targetsText(
    judgements.map(({ target, measured, verdict }) => {
      const form = target.kind === 'rate' ? shortNumber : undefined
      const title = CELLS.find(({ name }) => name === target.cell)?.title ?? target.cell
      return { verdict, wish: `${title}: ${wish(target)}`, measured: estimateText(measured, form) }
    }),
  )
}

function wish(target: Target): string {
  const { contender } = target
  return target.kind === 'rate'
    ? `${contender} at least ${shortNumber(target.perSAtLeast)} records/s`
    : `${contender} p50 at most ${target.p50UsAtMost} us`
}
