import { estimateText, spreadText } from '../report-text.ts'
import { figuresOf, findSeries, type Results, type Series } from '../results.ts'
import { type Estimate, median, ratioOfMedians } from '../statistics.ts'
import { markdownTable } from './markdown.ts'
import { type RatioRow, ratioPlot } from './ratio-plot.ts'
import type { PageCell, SuitePage } from './suite-pages.ts'
import { targetRows } from './target-rows.ts'

/** A part of the page, with the plots that it shows. */
export interface Section {
  readonly text: string
  /** By the name of the file, beside each other in one folder. */
  readonly plots: ReadonlyMap<string, string>
}

/** What stands above the figures: they mean nothing without it. */
export function machineText({ machine, loadAverage, startedAt, series, isQuick }: Results): string {
  const { cpu, cpus, memoryBytes, kernel, versions } = machine
  const rounds = Math.max(0, ...series.map(({ samples }) => samples.length))
  const memory = `${(memoryBytes / 1024 ** 3).toFixed(1)} GiB`
  return [
    ...(isQuick
      ? ['**A quick run, which only shows that everything works: its figures mean nothing.**', '']
      : []),
    `${cpus} × ${cpu}, ${memory}, Linux ${kernel}; Carillon ${versions.carillon}, Node ${versions.node}, cc ${versions.cc}, Asio ${versions.asio}. ${startedAt.slice(0, 10)}, ${rounds} round${rounds === 1 ? '' : 's'}; load average ${loadAverage.before} before, ${loadAverage.after} after.`,
  ].join('\n')
}

/** The tables, targets and plot of a suite that measures contenders in cells. */
export function suiteSection(results: Results, { suite, title, cells }: SuitePage): Section {
  const measured = cells.filter(({ name }) => results.series.some(({ cell }) => cell === name))
  const rows = measured.flatMap((cell) => ratioRows(results, cell))
  const file = `${suite}.svg`
  const about = `Times as good as ${results.yardstick}, with 95 % confidence`
  const plots = new Map(rows.length === 0 ? [] : [[file, ratioPlot(about, rows)]])
  return {
    plots,
    text: [
      `## ${title}`,
      machineText(results),
      ...targetsText(results),
      ...(plots.size === 0 ? [] : [`![${about}](performance/${file})`]),
      ...measured.map((cell) => cellText(results, cell)),
    ].join('\n\n'),
  }
}

/** A table of the targets; nothing where there are none, or the run was quick. */
function targetsText(results: Results): string[] {
  const rows = results.isQuick ? [] : targetRows(results)
  if (rows.length === 0) return []
  return [
    markdownTable([
      ['target', 'cell', 'measured', ''],
      ...rows.map(({ wish, cell, measured, verdict }) => {
        return [wish, `\`${cell}\``, measured, verdict === 'holds' ? verdict : `**${verdict}**`]
      }),
    ]),
  ]
}

function cellText(results: Results, cell: PageCell): string {
  const all = results.series.filter((series) => series.cell === cell.name)
  const ours = cell.compared === undefined ? [] : all.filter((s) => s.isOurs && hasFigures(s))
  const columns = cell.columns.filter(({ metric }) =>
    all.some((series) => figuresOf(series, metric).length > 0),
  )
  const spreadMetric = cell.compared?.metric ?? columns[0]?.metric ?? ''
  const header = [
    '',
    ...columns.flatMap(({ metric, title }) =>
      metric === spreadMetric ? [title, 'spread'] : [title],
    ),
    ...ours.map(({ contender }) => `${contender} / it`),
  ]
  const rows = all.filter(hasFigures).map((series) => [
    series.contender,
    ...columns.flatMap(({ metric, form }) => {
      const figures = figuresOf(series, metric)
      const shown = figures.length === 0 ? '' : form(median(figures))
      return metric === spreadMetric ? [shown, spread(figures)] : [shown]
    }),
    ...ours.map((our) => (series.isOurs ? '' : ratioText(our, series, spreadMetric))),
  ])
  return [
    `### ${cell.title} (\`${cell.name}\`)`,
    ...(rows.length === 0 ? [] : [markdownTable([header, ...rows])]),
    ...all.filter((series) => !hasFigures(series)).map(refusedText),
  ].join('\n\n')
}

function hasFigures({ refused }: Series): boolean {
  return refused === undefined
}

/** Said in place of a row: whatever a contender does that loses messages is no figure. */
export function refusedText({ contender, refused }: Series): string {
  return `\`${contender}\` has no figure: ${(refused ?? '').replace(/\s+/g, ' ')}`
}

/** A spread around 0 would be a share of nothing. */
function spread(figures: readonly number[]): string {
  return figures.length === 0 || median(figures) === 0 ? '' : spreadText(figures)
}

function ratioText(ours: Series, theirs: Series, metric: string): string {
  const ratio = ratioOf(ours, theirs, metric)
  return ratio === undefined ? '' : estimateText(ratio)
}

/** Undefined where one of the two was not measured in as many rounds. */
function ratioOf(ours: Series, theirs: Series, metric: string): Estimate | undefined {
  const [our, their] = [figuresOf(ours, metric), figuresOf(theirs, metric)]
  if (our.length === 0 || our.length !== their.length) return undefined
  return ratioOfMedians(our, their)
}

/** How many times as good each of this project is as the yardstick in a cell. */
function ratioRows(results: Results, { name, title, compared }: PageCell): RatioRow[] {
  const yardstick = findSeries(results, name, results.yardstick)
  if (compared === undefined || yardstick === undefined || !hasFigures(yardstick)) return []
  return results.series.flatMap((series) => {
    if (series.cell !== name || series === yardstick || !hasFigures(series)) return []
    const ratio =
      compared.better === 'more'
        ? ratioOf(series, yardstick, compared.metric)
        : ratioOf(yardstick, series, compared.metric)
    return ratio === undefined ? [] : [{ label: title, contender: series.contender, ratio }]
  })
}
