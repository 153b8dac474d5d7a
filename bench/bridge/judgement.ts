import type { Judgement } from '../judgement.ts'
import { figuresOf, findSeries, type Results } from '../results.ts'
import { type Estimate, ratioOfMedians } from '../statistics.ts'
import { atLeast, atMost, type Verdict } from '../verdict.ts'
import { YARDSTICK } from './contenders.ts'
import type { Target } from './targets.ts'

/** Judges every target whose cell was measured with both contenders. */
export function judge(results: Results, targets: readonly Target[]): Judgement<Target>[] {
  return targets.flatMap((target) => {
    const { cell, metric, contender, peer } = target
    const ours = figuresOf(findSeries(results, cell, contender), metric)
    const theirs = figuresOf(findSeries(results, cell, peer), metric)
    if (ours.length === 0 || ours.length !== theirs.length) return []
    const measured = ratioOfMedians(ours, theirs)
    const best = figuresOf(findSeries(results, cell, YARDSTICK), metric)
    const hasYardstick = peer !== YARDSTICK && best.length === theirs.length
    return [
      {
        ...{ target, measured, verdict: verdict(target, measured) },
        ...(hasYardstick && {
          yardstick: { contender: YARDSTICK, measured: ratioOfMedians(best, theirs) },
        }),
      },
    ]
  })
}

function verdict(target: Target, measured: Estimate): Verdict {
  return 'atLeast' in target ? atLeast(measured, target.atLeast) : atMost(measured, target.atMost)
}
