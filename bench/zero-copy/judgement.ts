import type { Judgement } from '../judgement.ts'
import { figuresOf, findSeries, type Results } from '../results.ts'
import { estimatedMedian } from '../statistics.ts'
import { atMost } from '../verdict.ts'
import type { Target } from './targets.ts'

/** Judges every target whose cell was measured. */
export function judge(results: Results, targets: readonly Target[]): Judgement<Target>[] {
  return targets.flatMap((target) => {
    const figures = figuresOf(findSeries(results, target.cell, target.contender), target.metric)
    if (figures.length === 0) return []
    const measured = estimatedMedian(figures)
    return [{ target, measured, verdict: atMost(measured, target.atMost) }]
  })
}
