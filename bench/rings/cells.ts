/** What is measured of every contender that can do it. */
export interface Cell {
  /** As `--cells` takes it. */
  readonly name: string
  readonly title: string
  /** The roles of the two sides: the one that is started first, and the one that measures. */
  readonly partner: readonly string[]
  readonly driver: readonly string[]
  /** Whether there are pauses between messages. */
  readonly isPaused?: true
  /** The figure by which contenders are compared. */
  readonly metric: 'messagesPerS' | 'p50Us'
}

/** Longer than it takes to go to sleep, between two messages to a side that sleeps. */
const PAUSE_US = 50

export const ONE_WAY = 'one-way'
export const ROUND_TRIP = 'round-trip'
export const ROUND_TRIP_ASLEEP = 'round-trip-asleep'

export const CELLS: readonly Cell[] = [
  {
    ...{ name: ONE_WAY, title: 'One way, 64-byte records', metric: 'messagesPerS' },
    ...{ partner: ['send'], driver: ['receive'] },
  },
  {
    ...{ name: ROUND_TRIP, title: 'Round trip of 64 bytes, both sides spin', metric: 'p50Us' },
    ...{ partner: ['answer'], driver: ['call'] },
  },
  {
    name: ROUND_TRIP_ASLEEP,
    title: 'Round trip of 64 bytes, the side that answers sleeps',
    metric: 'p50Us',
    isPaused: true,
    partner: ['answer', '--sleep'],
    driver: ['call', '--sleep', '--pause-us', String(PAUSE_US)],
  },
]
