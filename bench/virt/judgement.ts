import type { Judgement } from '../judgement.ts'
import { figuresOf, findSeries, type Results } from '../results.ts'
import { estimatedMedian } from '../statistics.ts'
import { atMost } from '../verdict.ts'
import { CELLS } from './cells.ts'
import type { Target } from './targets.ts'

/** Judges every target whose cell and kind of core were measured. */
export function judge(results: Results, targets: readonly Target[]): Judgement<Target>[] {
  return targets.flatMap((target) => {
    const cell = CELLS.find(({ name }) => name === target.cell)
    const series = findSeries(results, target.cell, target.kind)
    const figures = cell === undefined ? [] : figuresOf(series, cell.metric)
    if (figures.length === 0) return []
    const measured = estimatedMedian(figures)
    return [{ target, measured, verdict: atMost(measured, target.atMost) }]
  })
}
