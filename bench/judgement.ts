import type { Estimate } from './statistics.ts'
import type { Verdict } from './verdict.ts'

/** Whether a target of a suite is reached. */
export interface Judgement<Target> {
  readonly target: Target
  readonly measured: Estimate
  readonly verdict: Verdict
  /**
   * The same of the one that all are compared with, where it was measured over another peer: how far
   * that is to be had at all.
   */
  readonly yardstick?: { readonly contender: string; readonly measured: Estimate }
}
