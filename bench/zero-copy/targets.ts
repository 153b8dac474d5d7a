/** What this project wants to reach: so many bytes copied for each that goes the way, at most. */
export interface Target {
  readonly cell: string
  readonly contender: string
  readonly metric: 'copiesSocketToRing' | 'copiesRingToSocket'
  readonly atMost: number
}

/** What cannot be handled when it is read may have to be moved: one byte in twenty. */
const ONE = 1.05
/** Headers are copied. */
const NONE = 0.05

const ours = { contender: 'carillon' } as const

export const TARGETS: readonly Target[] = ['copies-16k', 'copies-1k'].flatMap((cell) => [
  { ...ours, cell, metric: 'copiesSocketToRing', atMost: ONE },
  { ...ours, cell, metric: 'copiesRingToSocket', atMost: NONE },
])
