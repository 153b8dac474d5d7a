import type { Estimate } from './statistics.ts'

/** Whether a target is reached. `unsettled` where the interval has it inside: more rounds would tell. */
export type Verdict = 'holds' | 'missed' | 'unsettled'

export function atLeast({ low, high }: Estimate, wanted: number): Verdict {
  return low >= wanted ? 'holds' : high < wanted ? 'missed' : 'unsettled'
}

export function atMost({ low, high }: Estimate, wanted: number): Verdict {
  return high <= wanted ? 'holds' : low > wanted ? 'missed' : 'unsettled'
}
