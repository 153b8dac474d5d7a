import { ROUND_TRIP, ROUND_TRIP_ASLEEP, ROUND_TRIP_RESTED } from '../virt/cells.ts'
import type { Target } from '../virt/targets.ts'

/** The board that is measured. */
export const BOARD = 'qemu-virt'

export const TARGETS: readonly Target[] = [
  { cell: ROUND_TRIP, kind: BOARD, atMost: 5 },
  { cell: ROUND_TRIP_ASLEEP, kind: BOARD, atMost: 400 },
  { cell: ROUND_TRIP_RESTED, kind: BOARD, atMost: 400 },
]
