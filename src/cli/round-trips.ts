import { createHistogram } from 'node:perf_hooks'

/** How long blocks took there and back. */
export interface RoundTrips {
  readonly p50Ms: number
  readonly p99Ms: number
}

const US_PER_MS = 1000
/** Longer ones count as this: an hour, far beyond any timeout. */
const LONGEST_US = 3600 * 1000 * US_PER_MS

/** Collects round trips in memory that does not depend on their number, to a thousandth of each. */
export class RoundTripRecorder {
  readonly #histogram = createHistogram({ lowest: 1, highest: LONGEST_US, figures: 3 })

  record(roundTripMs: number): void {
    const us = Math.round(roundTripMs * US_PER_MS)
    this.#histogram.record(Math.min(Math.max(us, 1), LONGEST_US))
  }

  /** `undefined` while there is none. */
  summary(): RoundTrips | undefined {
    if (this.#histogram.count === 0) return undefined
    return {
      p50Ms: this.#histogram.percentile(50) / US_PER_MS,
      p99Ms: this.#histogram.percentile(99) / US_PER_MS,
    }
  }
}
