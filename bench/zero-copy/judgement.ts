import { figuresOf, findSeries, type Results } from '../results.ts'
import { type Estimate, estimatedMedian } from '../statistics.ts'
import { atMost, type Verdict } from '../verdict.ts'
import type { Target } from './targets.ts'

/** Whether a target is reached. */
export interface Judgement {
  readonly target: Target
  readonly measured: Estimate
  readonly verdict: Verdict
}

/** Judges every target whose cell was measured. */
export function judge(results: Results, targets: readonly Target[]): Judgement[] {
  return targets.flatMap((target) => {
    const figures = figuresOf(findSeries(results, target.cell, target.contender), target.metric)
    if (figures.length === 0) return []
    const measured = estimatedMedian(figures)
    return [{ target, measured, verdict: atMost(measured, target.atMost) }]
  })
}
