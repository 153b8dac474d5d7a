import { estimateText, spreadText } from '../report-text.ts'
import { figuresOf, findSeries, type Results } from '../results.ts'
import { OURS, PEER } from '../scale/contenders.ts'
import { COSTS, type Cost, costsOf, growthsOf, keptUp, pointsOf } from '../scale/growth.ts'
import { pointName, SWEEPS, type Sweep } from '../scale/sweeps.ts'
import { median, ratioOfMedians } from '../statistics.ts'
import { type Curve, curvePlot, type SpreadPoint } from './curve-plot.ts'
import { markdownTable } from './markdown.ts'
import { machineText, refusedText, type Section } from './suite-section.ts'

const FILE_NAMES: Record<Cost, string> = {
  cpuUsPerMessage: 'cpu',
  coreCpuUsPerMessage: 'core-cpu',
  p50Us: 'p50',
}

/** The curves of the suite `scale`: their tables, exponents and plots. */
export function scaleSection(results: Results): Section {
  const sections = SWEEPS.filter((sweep) => seriesOf(results, sweep).length > 0).map((sweep) =>
    sweepSection(results, sweep),
  )
  return {
    plots: new Map(sections.flatMap(({ plots }) => [...plots])),
    text: [
      '## How cost grows',
      machineText(results),
      'Each exponent is of a power law laid through the medians of a curve, by least squares on logarithmic axes, with 95 % confidence: 0 is a cost that stays as it is, 1 one that grows as fast. Bars in the plots are all that the rounds spread over.',
      ...sections.map(({ text }) => text),
    ].join('\n\n'),
  }
}

function seriesOf(results: Results, sweep: Sweep) {
  const names = sweep.values.map((value) => pointName(sweep, value))
  return results.series.filter(({ cell }) => names.includes(cell))
}

function sweepSection(results: Results, sweep: Sweep): Section {
  const plots = new Map(
    costsOf(sweep)
      .map((cost) => [cost, curvesOf(results, sweep, cost)] as const)
      .filter(([, curves]) => curves.length > 0)
      .map(([cost, curves]) => [
        `scale-${sweep.name}-${FILE_NAMES[cost]}.svg`,
        curvePlot(`${COSTS[cost]} for a block`, { x: sweep.variable, y: 'µs' }, curves),
      ]),
  )
  const refused = seriesOf(results, sweep).filter((series) => series.refused !== undefined)
  return {
    plots,
    text: [
      `### ${sweep.title} (\`${sweep.name}\`)`,
      [...plots.keys()].map((file) => `![${sweep.title}](performance/${file})`).join('\n'),
      growthTable(results, sweep),
      pointTable(results, sweep),
      ...missedTexts(results, sweep),
      ...refused.map((series) => `At \`${series.cell}\`, ${refusedText(series)}`),
    ]
      .filter((text) => text !== '')
      .join('\n\n'),
  }
}

function curvesOf(results: Results, sweep: Sweep, cost: Cost): Curve[] {
  const growths = growthsOf(results, sweep)
  return [OURS.name, PEER.name].flatMap((contender) => {
    const points = pointsOf(results, sweep, contender, cost).map(({ x, y }): SpreadPoint => {
      const figures = figuresOf(findSeries(results, pointName(sweep, x), contender), cost)
      return { x, y, least: Math.min(...figures), most: Math.max(...figures) }
    })
    // Nothing below 0, nor 0, is on a logarithmic axis.
    if (points.length === 0 || points.some(({ least }) => !(least > 0))) return []
    const growth = growths.find((each) => each.contender === contender && each.cost === cost)
    return [{ contender, points, law: growth?.law }]
  })
}

function growthTable(results: Results, sweep: Sweep): string {
  const growths = growthsOf(results, sweep)
  if (growths.length === 0) return ''
  return markdownTable([
    ['of a block', '', 'exponent', 'farthest point'],
    ...growths.map(({ contender, cost, law }) => [
      COSTS[cost],
      contender,
      estimateText(law.exponent),
      `${(law.farthestShare * 100).toFixed(0)} %`,
    ]),
  ])
}

function pointTable(results: Results, sweep: Sweep): string {
  const all = seriesOf(results, sweep).filter(({ refused }) => refused === undefined)
  if (all.length === 0) return ''
  const hasMemory = all.some((series) => figuresOf(series, 'bytesPerConnection').length > 0)
  const header = [
    ...[sweep.variable, '', 'CPU µs', 'spread', 'cores µs', 'p50 µs', 'p99 µs', 'blocks/s'],
    ...(hasMemory ? ['B a connection'] : []),
    ...(sweep.hasPeer ? [`CPU, ${OURS.name} / it`] : []),
  ]
  const rows = sweep.values.flatMap((value) =>
    all
      .filter(({ cell }) => cell === pointName(sweep, value))
      .map((series) => {
        const of = (metric: string) => figuresOf(series, metric)
        const shown = (metric: string, digits: number) =>
          of(metric).length === 0 ? '' : median(of(metric)).toFixed(digits)
        return [
          ...[value.toLocaleString('en'), series.contender, shown('cpuUsPerMessage', 2)],
          ...[spreadText(of('cpuUsPerMessage')), shown('coreCpuUsPerMessage', 2)],
          ...[shown('p50Us', 1), shown('p99Us', 1), shown('messagesPerS', 0)],
          ...(hasMemory ? [shown('bytesPerConnection', 0)] : []),
          ...(sweep.hasPeer ? [series.isOurs ? '' : ratioText(results, series.cell)] : []),
        ]
      }),
  )
  return markdownTable([header, ...rows])
}

function ratioText(results: Results, cell: string): string {
  const [ours = [], theirs = []] = [OURS, PEER].map(({ name }) =>
    figuresOf(findSeries(results, cell, name), 'cpuUsPerMessage'),
  )
  return ours.length === 0 || ours.length !== theirs.length
    ? ''
    : estimateText(ratioOfMedians(ours, theirs))
}

function missedTexts(results: Results, sweep: Sweep): string[] {
  return sweep.values.flatMap((value) =>
    [OURS.name, PEER.name]
      .filter((name) => findSeries(results, pointName(sweep, value), name)?.refused === undefined)
      .filter(
        (name) =>
          figuresOf(findSeries(results, pointName(sweep, value), name), 'messagesPerS').length > 0,
      )
      .filter((name) => !keptUp(results, sweep, value, name))
      .map(
        (name) => `\`${name}\` did not keep up at ${value.toLocaleString('en')}: not in its curve.`,
      ),
  )
}
