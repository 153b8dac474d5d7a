/** A figure of a sample; less is better. */
export type Metric = 'p50Us' | 'cpuPercent' | 'startMs'

/** What is measured of every kind of core. */
export interface Cell {
  /** As `--cells` takes it. */
  readonly name: string
  readonly title: string
  /** The figure by which kinds of core are compared and targets judged. */
  readonly metric: Metric
  /** How the figure is called in a table. */
  readonly column: string
}

export const ROUND_TRIP = 'round-trip'
export const ROUND_TRIP_ASLEEP = 'round-trip-asleep'
export const ROUND_TRIP_RESTED = 'round-trip-rested'
export const QUIET = 'quiet'
export const START = 'start'
export const START_OF_FOUR = 'start-of-four'

/** Before each call of `round-trip-rested`: long enough that the CPUs of both sides sleep too. */
export const REST_MS = 2

/** The cells of round trips, and how a caller is told to make them. */
export const ROUND_TRIPS: ReadonlyMap<string, { sleeps: boolean; pauseMs: number }> = new Map([
  [ROUND_TRIP, { sleeps: false, pauseMs: 0 }],
  [ROUND_TRIP_ASLEEP, { sleeps: true, pauseMs: 0 }],
  [ROUND_TRIP_RESTED, { sleeps: true, pauseMs: REST_MS }],
])

/** Cores of a server where that is not the question. */
export const CORES = 4

export const CELLS: readonly Cell[] = [
  {
    name: ROUND_TRIP,
    title: 'Round trip of a block of 64 bytes, both sides spin',
    ...{ metric: 'p50Us', column: 'p50 us' },
  },
  {
    name: ROUND_TRIP_ASLEEP,
    title: 'Round trip of a block of 64 bytes, both sides sleep until they are rung for',
    ...{ metric: 'p50Us', column: 'p50 us' },
  },
  {
    name: ROUND_TRIP_RESTED,
    title: `The same, each ${REST_MS} ms after the one before`,
    ...{ metric: 'p50Us', column: 'p50 us' },
  },
  {
    name: QUIET,
    title: `A server of ${CORES} cores that nobody uses: CPU time, of one CPU`,
    ...{ metric: 'cpuPercent', column: 'CPU %' },
  },
  {
    name: START,
    title: 'From the start of carillon serve to the first stream, one core',
    ...{ metric: 'startMs', column: 'ms' },
  },
  {
    name: START_OF_FOUR,
    title: `From the start of carillon serve to the first stream, ${CORES} cores`,
    ...{ metric: 'startMs', column: 'ms' },
  },
]
