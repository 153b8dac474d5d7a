import { figuresOf, findSeries, type Results } from '../results.ts'
import { type Estimate, estimatedMedian } from '../statistics.ts'
import { atMost, type Verdict } from '../verdict.ts'
import { CELLS } from './cells.ts'
import type { Target } from './targets.ts'

/** Whether a target is reached. */
export interface Judgement {
  readonly target: Target
  readonly measured: Estimate
  readonly verdict: Verdict
}

/** Judges every target whose cell and kind of core were measured. */
export function judge(results: Results, targets: readonly Target[]): Judgement[] {
  return targets.flatMap((target) => {
    const cell = CELLS.find(({ name }) => name === target.cell)
    const series = findSeries(results, target.cell, target.kind)
    const figures = cell === undefined ? [] : figuresOf(series, cell.metric)
    if (figures.length === 0) return []
    const measured = estimatedMedian(figures)
    return [{ target, measured, verdict: atMost(measured, target.atMost) }]
  })
}
