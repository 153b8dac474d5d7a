const FIRST_DELAY_MS = 500
/** Soon enough after a restart for somebody who watches, and no burden for a server that is busy. */
const LONGEST_DELAY_MS = 8_000
/** Up to this share more, so that the pages of one server do not come back all at once. */
const JITTER = 0.25

/** How long to wait before each attempt to connect: twice as long every time, up to a limit. */
export class Backoff {
  #attempts = 0

  /** The next delay in milliseconds. `random` is 0 to 1. */
  next(random: number = Math.random()): number {
    const delay = Math.min(FIRST_DELAY_MS * 2 ** this.#attempts, LONGEST_DELAY_MS)
    this.#attempts++
    return Math.round(delay * (1 + JITTER * random))
  }

  /** The connection works: the next loss starts over. */
  reset(): void {
    this.#attempts = 0
  }
}
