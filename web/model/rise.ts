/** Long enough to be noticed, short enough that what is over is not alarming. */
const RECENT_S = 10

/** Whether a counter has risen of late, by the server's own clock. */
export class Rise {
  #value: number | undefined
  #roseAtS = Number.NEGATIVE_INFINITY

  /**
   * A reading of the counter at a time of the server's clock. What it had counted before the first
   * one, or before it began anew, is not of late.
   */
  push(value: number, atS: number): boolean {
    if (this.#value !== undefined && value > this.#value) this.#roseAtS = atS
    if (atS < this.#roseAtS) this.#roseAtS = Number.NEGATIVE_INFINITY
    this.#value = value
    return atS - this.#roseAtS < RECENT_S
  }
}
