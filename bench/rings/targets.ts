import { ONE_WAY, ROUND_TRIP } from './cells.ts'
import type { CONTENDERS } from './contenders.ts'

type Contender = (typeof CONTENDERS)[number]['name']

/** What this project wants to reach. */
export type Target =
  | {
      /** So many messages in a second. */
      readonly kind: 'rate'
      readonly cell: string
      readonly contender: Contender
      readonly perSAtLeast: number
    }
  | {
      /** Half of the round trips take no longer than that. */
      readonly kind: 'latency'
      readonly cell: string
      readonly contender: Contender
      readonly p50UsAtMost: number
    }

export const TARGETS: readonly Target[] = [
  { kind: 'rate', cell: ONE_WAY, contender: 'carillon-c-c', perSAtLeast: 30e6 },
  { kind: 'rate', cell: ONE_WAY, contender: 'carillon-ts-ts', perSAtLeast: 4e6 },
  { kind: 'latency', cell: ROUND_TRIP, contender: 'carillon-ts-c', p50UsAtMost: 1 },
]
