/** Long enough to be steady, short enough to follow. */
const WINDOW_S = 1
/** Of a counter read far more often than asked for, no more readings are kept than this. */
const READINGS_MAX = 64

/** How fast a counter counts, over the last second of the server's own clock. */
export class Rate {
  readonly #readings: { value: number; atS: number }[] = []

  /** A reading of the counter. One that is lower, or of an earlier time, starts over. */
  push(value: number, atS: number): void {
    const readings = this.#readings
    const last = readings.at(-1)
    if (last !== undefined && (value < last.value || atS <= last.atS)) readings.length = 0
    readings.push({ value, atS })
    // The oldest stays just outside the window: the rate is then of a whole window.
    while (readings.length > READINGS_MAX || (readings[1]?.atS ?? atS) <= atS - WINDOW_S) {
      readings.shift()
    }
  }

  /** Counts per second; 0 until there are two readings. */
  get perSecond(): number {
    const first = this.#readings[0]
    const last = this.#readings.at(-1)
    if (first === undefined || last === undefined || last.atS <= first.atS) return 0
    return (last.value - first.value) / (last.atS - first.atS)
  }
}
