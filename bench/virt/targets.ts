import { QUIET, ROUND_TRIP, ROUND_TRIP_ASLEEP, ROUND_TRIP_RESTED, START } from './cells.ts'

/** What this project wants to reach: so much of the cell's figure at most. */
export interface Target {
  readonly cell: string
  /** The contender's name. */
  readonly kind: string
  readonly atMost: number
}

export const TARGETS: readonly Target[] = [
  { cell: ROUND_TRIP, kind: 'virt', atMost: 2 },
  { cell: ROUND_TRIP_ASLEEP, kind: 'virt', atMost: 150 },
  { cell: ROUND_TRIP_RESTED, kind: 'virt', atMost: 150 },
  { cell: QUIET, kind: 'virt', atMost: 3 },
  { cell: START, kind: 'virt', atMost: 1000 },
  { cell: START, kind: 'hosted', atMost: 100 },
]
