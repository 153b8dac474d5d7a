import { shortNumber, textTable } from '../../src/cli/text-table.ts'
import type { Judgement } from '../judgement.ts'
import { estimateText, measuredText, spreadText, suiteText, targetsText } from '../report-text.ts'
import { figuresOf, type Results, type Series } from '../results.ts'
import { type Estimate, median, ratioOfMedians } from '../statistics.ts'
import { CELLS, type Cell } from './cells.ts'
import { judge } from './judgement.ts'
import { TARGETS, type Target } from './targets.ts'

const MIB = 1024 * 1024

/** Less of the blocks that were due were sent than this: then it is no figure for that rate. */
const SENT_SHARE_MIN = 0.99

const METRIC_NAMES: Record<Target['metric'], string> = {
  messagesPerS: 'blocks/s',
  p50Us: 'p50',
  p99Us: 'p99',
  cpuUsPerMessage: 'CPU for a block',
}

/** The results for reading. */
export function bridgeReport(results: Results): string {
  return suiteText(results, {
    cells: CELLS,
    cellText,
    judgedText: () => judgedText(judge(results, TARGETS)),
    disturbance: (share) =>
      `the bridges were ready to run and had no CPU for ${share} of the time (median). "CPU us" suffers least from that.`,
  })
}

function cellText(results: Results, cell: Cell): string {
  const all = results.series.filter((series) => series.cell === cell.name)
  // Ratios of a quick run say nothing and would make the lines too long for a terminal.
  const ours = results.isQuick ? [] : all.filter(({ isOurs }) => isOurs)
  const header = [
    ...['', 'blocks/s', 'spread', 'p50 us', 'p99 us', 'p99.9 us'],
    ...['CPU us', 's/GB', 'CPU', 'core', 'load', 'RSS MiB'],
    ...(cell.measuresMemory ? ['B/client'] : []),
    ...ours.map(({ contender }) => `${contender} / it`),
  ]
  const rows = all.map((series) => [
    series.contender,
    ...figures(series, cell),
    ...ours.map((our) => (series.isOurs ? '' : estimateText(ratio(our, series, cell)))),
  ])
  return [
    cell.title,
    textTable([header, ...rows]),
    ...(results.isQuick ? [] : missedTexts(all, cell)),
  ].join('\n')
}

function figures(series: Series, cell: Cell): string[] {
  const of = (metric: string) => figuresOf(series, metric)
  const us = (metric: string) => median(of(metric)).toFixed(1)
  const percent = (metric: string) => `${(median(of(metric)) * 100).toFixed(0)} %`
  return [
    shortNumber(median(of('messagesPerS'))),
    spreadText(of(ratioMetric(cell))),
    ...[us('p50Us'), us('p99Us'), us('p999Us')],
    median(of('cpuUsPerMessage')).toFixed(2),
    median(of('cpuSPerGB')).toFixed(2),
    ...[percent('serverCpuShare'), percent('coreCpuShare'), percent('loadCpuShare')],
    (median(of('loadedRssBytes')) / MIB).toFixed(1),
    ...(cell.measuresMemory ? [median(of('bytesPerConnection')).toFixed(0)] : []),
  ]
}

/** What the contenders of a cell are compared by: where blocks come at a rate, that is not theirs. */
function ratioMetric(cell: Cell): Target['metric'] {
  if (cell.rate !== undefined) return 'cpuUsPerMessage'
  return cell.active === 1 ? 'p50Us' : 'messagesPerS'
}

function ratio(ours: Series, theirs: Series, cell: Cell): Estimate {
  const metric = ratioMetric(cell)
  return ratioOfMedians(figuresOf(ours, metric), figuresOf(theirs, metric))
}

/** A sentence for each that did not keep up with the rate. */
function missedTexts(all: readonly Series[], { rate }: Cell): string[] {
  if (rate === undefined) return []
  return all.flatMap((series) => {
    const share = median(figuresOf(series, 'messagesPerS')) / rate
    if (share >= SENT_SHARE_MIN) return []
    return [`${series.contender} did only ${(share * 100).toFixed(0)} % of what was due.`]
  })
}

function judgedText(judgements: readonly Judgement<Target>[]): string {
  return targetsText(
    judgements.map((judgement) => {
      const { target, verdict } = judgement
      const title = CELLS.find(({ name }) => name === target.cell)?.title ?? target.cell
      return { verdict, wish: `${title}: ${wish(target)}`, measured: measuredText(judgement) }
    }),
  )
}

function wish(target: Target): string {
  const bound = 'atLeast' in target ? `at least ${target.atLeast}` : `at most ${target.atMost}`
  return `${METRIC_NAMES[target.metric]} of ${target.contender} over ${target.peer} ${bound}`
}
