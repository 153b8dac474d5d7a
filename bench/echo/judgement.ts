import type { Judgement } from '../judgement.ts'
import { figuresOf, findSeries, type Results } from '../results.ts'
import { type Estimate, median, ratioOfMedians } from '../statistics.ts'
import { atLeast, atMost, type Verdict } from '../verdict.ts'
import { YARDSTICK } from './contenders.ts'
import type { Target } from './targets.ts'

/** Judges every target whose cells and contenders were measured. */
export function judge(results: Results, targets: readonly Target[]): Judgement<Target>[] {
  return targets.flatMap((target) => {
    const measured = measure(results, target)
    if (measured === undefined) return []
    const isOther = target.kind === 'ratio' && target.peer !== YARDSTICK
    const best = isOther ? measure(results, { ...target, contender: YARDSTICK }) : undefined
    return [
      {
        ...{ target, measured, verdict: verdict(target, measured) },
        ...(best !== undefined && { yardstick: { contender: YARDSTICK, measured: best } }),
      },
    ]
  })
}

function measure(results: Results, target: Target): Estimate | undefined {
  const rates = (cell: string, contender: string) =>
    figuresOf(findSeries(results, cell, contender), 'messagesPerS')
  const { cell, contender } = target
  if (target.kind === 'memory') {
    return range(figuresOf(findSeries(results, cell, contender), 'bytesPerConnection'))
  }
  const ours = rates(cell, contender)
  const theirs = target.kind === 'ratio' ? rates(cell, target.peer) : rates(target.from, contender)
  const isMeasured = ours.length > 0 && ours.length === theirs.length
  return isMeasured ? ratioOfMedians(ours, theirs) : undefined
}

/** Memory hardly varies: its interval is all of what was seen. */
function range(figures: readonly number[]): Estimate | undefined {
  if (figures.length === 0) return undefined
  return { value: median(figures), low: Math.min(...figures), high: Math.max(...figures) }
}

function verdict(target: Target, measured: Estimate): Verdict {
  return target.kind === 'memory'
    ? atMost(measured, target.bytesAtMost)
    : atLeast(measured, target.atLeast)
}
