import type { Estimate } from './statistics.ts'
import type { Verdict } from './verdict.ts'

/** Whether a target of a suite is reached. */
export interface Judgement<Target> {
  readonly target: Target
  readonly measured: Estimate
  readonly verdict: Verdict
}
