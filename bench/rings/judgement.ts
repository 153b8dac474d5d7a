import type { Judgement } from '../judgement.ts'
import { figuresOf, findSeries, type Results } from '../results.ts'
import { type Estimate, estimatedMedian } from '../statistics.ts'
import { atLeast, atMost, type Verdict } from '../verdict.ts'
import type { Target } from './targets.ts'

/** Judges every target whose cell and contender were measured. */
export function judge(results: Results, targets: readonly Target[]): Judgement<Target>[] {
  return targets.flatMap((target) => {
    const metric = target.kind === 'rate' ? 'messagesPerS' : 'p50Us'
    const figures = figuresOf(findSeries(results, target.cell, target.contender), metric)
    if (figures.length === 0) return []
    const measured = estimatedMedian(figures)
    return [{ target, measured, verdict: verdict(target, measured) }]
  })
}

function verdict(target: Target, measured: Estimate): Verdict {
  return target.kind === 'rate'
    ? atLeast(measured, target.perSAtLeast)
    : atMost(measured, target.p50UsAtMost)
}
