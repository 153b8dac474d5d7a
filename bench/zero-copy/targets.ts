/** What this project wants to reach: so many bytes copied for each that goes the way, at most. */
export interface Target {
  readonly cell: string
  readonly contender: string
  readonly metric: 'copiesSocketToRing' | 'copiesRingToSocket'
  readonly atMost: number
}

/** A copy more or less of one block in fifty is no copy: what came in parts is put together. */
const ONE = 1.02
const NONE = 0.02

const ours = { contender: 'carillon' } as const

export const TARGETS: readonly Target[] = ['copies-16k', 'copies-256'].flatMap((cell) => [
  { ...ours, cell, metric: 'copiesSocketToRing', atMost: ONE },
  { ...ours, cell, metric: 'copiesRingToSocket', atMost: NONE },
])
