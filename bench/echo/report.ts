import { shortNumber, textTable } from '../../src/cli/text-table.ts'
import { figuresOf, type Results, type Series } from '../results.ts'
import { type Estimate, median, ratioOfMedians } from '../statistics.ts'
import { CELLS, type Cell } from './cells.ts'
import { type Judgement, judge } from './judgement.ts'
import { TARGETS, type Target } from './targets.ts'

/** Over this share of waiting for the CPU the other work of the machine decides what is measured. */
const WAITED_SHARE_MAX = 0.05

const MIB = 1024 * 1024

/** The results for reading. */
export function echoReport(results: Results): string {
  const cells = CELLS.filter(({ name }) => results.series.some(({ cell }) => cell === name))
  return [
    ...(results.isQuick
      ? ['This was a quick run: everything works. The figures mean nothing.']
      : []),
    heading(results),
    ...cells.map((cell) => cellText(results, cell)),
    ...(results.isQuick ? [] : [targetsText(judge(results, TARGETS))]),
    ...disturbance(results),
  ].join('\n\n')
}

function heading({ machine, loadAverage, series }: Results): string {
  const { cc, asio, node, carillon } = machine.versions
  const rounds = series[0]?.samples.length ?? 0
  return [
    `${machine.cpus} x ${machine.cpu}, Linux ${machine.kernel}; load average ${loadAverage.before} before, ${loadAverage.after} after`,
    `Carillon ${carillon}, Node ${node}, cc ${cc}, Asio ${asio}; ${rounds} round${rounds === 1 ? '' : 's'}`,
  ].join('\n')
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
    ...ours.map((our) => (series.isOurs ? '' : ratioText(rateRatio(our, series)))),
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
    spread(rates),
    ...[us('p50Us'), us('p99Us'), us('p999Us')],
    shortNumber(median(of('messagesPerCpuS'))),
    ...[percent('serverCpuShare'), percent('loadCpuShare')],
    (median(of('loadedRssBytes')) / MIB).toFixed(1),
    ...(cell.measuresMemory ? [median(of('bytesPerConnection')).toFixed(0)] : []),
  ]
}

/** Half of what lies between the slowest round and the fastest, as a share of the median. */
function spread(rates: readonly number[]): string {
  const half = (Math.max(...rates) - Math.min(...rates)) / 2
  return `±${((half / median(rates)) * 100).toFixed(0)} %`
}

function rateRatio(ours: Series, theirs: Series): Estimate {
  return ratioOfMedians(figuresOf(ours, 'messagesPerS'), figuresOf(theirs, 'messagesPerS'))
}

function ratioText({ value, low, high }: Estimate): string {
  return `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`
}

function targetsText(judgements: readonly Judgement[]): string {
  const rows = judgements.map(({ target, measured, verdict }) => [
    verdict,
    `${titleOf(target.cell)}: ${wish(target)}`,
    target.kind === 'memory'
      ? `${measured.value.toFixed(0)} B (${measured.low.toFixed(0)}..${measured.high.toFixed(0)})`
      : ratioText(measured),
  ])
  const lines = rows.map(
    ([verdict = '', what = '', measured = '']) => `${verdict.padEnd(9)}  ${what}: ${measured}`,
  )
  return ['Targets', ...lines].join('\n')
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

/** A sentence where other work took so much of the machine that the figures tell of that. */
function disturbance({ series }: Results): string[] {
  const waited = median(series.map((each) => median(figuresOf(each, 'waitedShare'))))
  if (!(waited > WAITED_SHARE_MAX)) return []
  return [
    `Other work disturbed this: the servers were ready to run and had no CPU for ${(waited * 100).toFixed(0)} % of the time (median). "per CPU s" suffers least from that.`,
  ]
}
