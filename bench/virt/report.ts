import { textTable } from '../../src/cli/text-table.ts'
import { estimateText, spreadText, suiteText, targetsText } from '../report-text.ts'
import { figuresOf, type Results } from '../results.ts'
import { median } from '../statistics.ts'
import { CELLS, type Cell } from './cells.ts'
import { judge } from './judgement.ts'
import { TARGETS, type Target } from './targets.ts'

/** The results for reading. */
export function virtReport(results: Results): string {
  return coreReport(results, TARGETS)
}

/** The results of a suite with cells of this one, for reading. */
export function coreReport(results: Results, targets: readonly Target[]): string {
  return suiteText(results, {
    cells: CELLS,
    cellText,
    judgedText: () => judgedText(results, targets),
    disturbance: (share) =>
      `the host was ready to run and had no CPU for ${share} of the time (median). These figures say nothing of the cores.`,
  })
}

function cellText(results: Results, { name, title, metric, column }: Cell): string {
  const all = results.series.filter(({ cell }) => cell === name)
  const hasTail = all.some((series) => figuresOf(series, 'p99Us').length > 0)
  const header = ['', column, 'spread', ...(hasTail ? ['p99 us', 'p99.9 us'] : [])]
  const rows = all.map((series) => {
    const figures = figuresOf(series, metric)
    const tail = hasTail ? ['p99Us', 'p999Us'].map((figure) => figuresOf(series, figure)) : []
    return [
      series.contender,
      median(figures).toFixed(2),
      spreadText(figures),
      ...tail.map((each) => median(each).toFixed(2)),
    ]
  })
  return [title, textTable([header, ...rows])].join('\n')
}

function judgedText(results: Results, targets: readonly Target[]): string {
  return targetsText(
    judge(results, targets).map(({ target, measured, verdict }) => {
      const { title = target.cell, column = '' } =
        CELLS.find(({ name }) => name === target.cell) ?? {}
      const wish = `${title}: ${target.kind} at most ${target.atMost} (${column})`
      return { verdict, wish, measured: estimateText(measured) }
    }),
  )
}
