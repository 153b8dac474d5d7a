/** A core that ends sooner than this after its start is started again only after a pause. */
const SETTLED_MS = 1_000

/** The pause: doubled each time that the core ends at once, so that a broken one costs little. */
const DELAY_MS_MIN = 100
const DELAY_MS_MAX = 5_000

/** How long to wait before a core that has ended is started again. */
export class RestartPolicy {
  #startedAtMs = 0
  #delayMs = DELAY_MS_MIN

  /** The core is started now. */
  started(nowMs: number): void {
    this.#startedAtMs = nowMs
  }

  /** The core has ended. Returns the pause, in milliseconds. */
  ended(nowMs: number): number {
    if (nowMs - this.#startedAtMs > SETTLED_MS) {
      this.#delayMs = DELAY_MS_MIN
      return 0
    }
    const delayMs = this.#delayMs
    this.#delayMs = Math.min(2 * delayMs, DELAY_MS_MAX)
    return delayMs
  }
}
