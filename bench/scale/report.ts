import { shortNumber, textTable } from '../../src/cli/text-table.ts'
import { estimateText, spreadText, suiteText } from '../report-text.ts'
import { figuresOf, findSeries, type Results, type Series } from '../results.ts'
import { median, ratioOfMedians } from '../statistics.ts'
import { OURS, PEER } from './contenders.ts'
import { COSTS, type Growth, growthsOf, keptUp } from './growth.ts'
import { pointName, SWEEPS, type Sweep } from './sweeps.ts'

/** The results for reading. */
export function scaleReport(results: Results): string {
  const curves = SWEEPS.flatMap((sweep) => {
    const names = sweep.values.map((value) => pointName(sweep, value))
    const first = results.series.find(({ cell }) => names.includes(cell))
    return first === undefined ? [] : [{ name: first.cell, sweep }]
  })
  return suiteText(results, {
    cells: curves,
    cellText: (all, { sweep }) => sweepText(all, sweep),
    judgedText: (all) => curves.map(({ sweep }) => growthText(all, sweep)).join('\n\n'),
    disturbance: (share) =>
      `the bridges were ready to run and had no CPU for ${share} of the time (median). "CPU us" suffers least from that.`,
  })
}

function sweepText(results: Results, sweep: Sweep): string {
  const all = sweep.values.flatMap((value) =>
    results.series
      .filter(({ cell }) => cell === pointName(sweep, value))
      .map((series) => ({ value, series })),
  )
  const hasRatio = sweep.hasPeer && !results.isQuick
  const header = [
    ...[sweep.variable, '', 'blocks/s', 'CPU us', 'spread', 'core us', 'p50 us', 'p99 us', 'CPU'],
    ...(hasRatio ? [`${OURS.name} / it`] : []),
  ]
  const rows = all.map(({ value, series }) => [
    ...[String(value), series.contender, ...figures(series)],
    ...(hasRatio ? [series.isOurs ? '' : ratioText(results, series)] : []),
  ])
  const missed = all.filter(({ value, series }) => !keptUp(results, sweep, value, series.contender))
  return [
    sweep.title,
    textTable([header, ...rows]),
    ...missed.map(
      ({ value, series }) => `${series.contender} did not keep up at ${value}: not in its curve.`,
    ),
  ].join('\n')
}

function figures(series: Series): string[] {
  const of = (metric: string) => figuresOf(series, metric)
  return [
    shortNumber(median(of('messagesPerS'))),
    median(of('cpuUsPerMessage')).toFixed(2),
    spreadText(of('cpuUsPerMessage')),
    median(of('coreCpuUsPerMessage')).toFixed(2),
    ...['p50Us', 'p99Us'].map((metric) => median(of(metric)).toFixed(1)),
    `${(median(of('serverCpuShare')) * 100).toFixed(0)} %`,
  ]
}

/** CPU for a block, of this project over the peer at the same point. */
function ratioText(results: Results, { cell }: Series): string {
  const [ours, theirs] = [OURS, PEER].map(({ name }) =>
    figuresOf(findSeries(results, cell, name), 'cpuUsPerMessage'),
  )
  if (ours === undefined || theirs === undefined || ours.length !== theirs.length) return ''
  return estimateText(ratioOfMedians(ours, theirs))
}

function growthText(results: Results, sweep: Sweep): string {
  const growths = growthsOf(results, sweep)
  const lines = growths.length === 0 ? ['too few points'] : growths.map(lawText)
  return [`For a block, as a power of: ${sweep.variable}`, ...lines].join('\n')
}

function lawText({ contender, cost, law }: Growth): string {
  const farthest = (law.farthestShare * 100).toFixed(0)
  return `${contender}, ${COSTS[cost]}: ${estimateText(law.exponent)}; the farthest point is ${farthest} % off`
}
