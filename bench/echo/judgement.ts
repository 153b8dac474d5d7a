import { figuresOf, findSeries, type Results } from '../results.ts'
import { type Estimate, median, ratioOfMedians } from '../statistics.ts'
import type { Target } from './targets.ts'

/** Whether a target is reached. */
export interface Judgement {
  readonly target: Target
  readonly measured: Estimate
  /** The same for messages per second of the server's CPU time. It does not decide. */
  readonly ofCpu: Estimate | undefined
  /** `unsettled` where the interval has the target in it: more rounds would tell. */
  readonly verdict: 'holds' | 'missed' | 'unsettled'
}

/** Judges every target whose cells and contenders were measured. */
export function judge(results: Results, targets: readonly Target[]): Judgement[] {
  return targets.flatMap((target) => {
    const measured =
      target.kind === 'memory'
        ? range(figuresOf(findSeries(results, target.cell, target.contender), 'bytesPerConnection'))
        : ratio(results, target, 'messagesPerS')
    if (measured === undefined) return []
    const ofCpu = target.kind === 'memory' ? undefined : ratio(results, target, 'messagesPerCpuS')
    return [{ target, measured, ofCpu, verdict: verdict(target, measured) }]
  })
}

function ratio(
  results: Results,
  target: Exclude<Target, { kind: 'memory' }>,
  metric: string,
): Estimate | undefined {
  const { cell, contender } = target
  const other =
    target.kind === 'ratio'
      ? findSeries(results, cell, target.peer)
      : findSeries(results, target.from, contender)
  const ours = figuresOf(findSeries(results, cell, contender), metric)
  const theirs = figuresOf(other, metric)
  const isMeasured = ours.length > 0 && ours.length === theirs.length
  return isMeasured ? ratioOfMedians(ours, theirs) : undefined
}

/** Memory hardly varies: its interval is all of what was seen. */
function range(figures: readonly number[]): Estimate | undefined {
  if (figures.length === 0) return undefined
  return { value: median(figures), low: Math.min(...figures), high: Math.max(...figures) }
}

function verdict(target: Target, { low, high }: Estimate): Judgement['verdict'] {
  const [holds, misses] =
    target.kind === 'memory'
      ? [high <= target.bytesAtMost, low > target.bytesAtMost]
      : [low >= target.atLeast, high < target.atLeast]
  return holds ? 'holds' : misses ? 'missed' : 'unsettled'
}
