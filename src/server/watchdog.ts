const LOOK_INTERVAL_MS = 100

/** Notices when something that should move stands still. */
export class Watchdog {
  readonly #timeoutMs: number
  readonly #read: () => number
  readonly #onSilent: () => void
  #timer: NodeJS.Timeout | undefined
  #last = 0
  #lastMovedAtMs = 0

  /**
   * @param timeoutMs how long it may stand still, in milliseconds; noticed up to a tenth of a second late.
   * @param read what moves.
   * @param onSilent called once; watching ends then.
   */
  constructor(timeoutMs: number, read: () => number, onSilent: () => void) {
    this.#timeoutMs = timeoutMs
    this.#read = read
    this.#onSilent = onSilent
  }

  /** Watches from now on. */
  start(): void {
    this.stop()
    this.#last = this.#read()
    this.#lastMovedAtMs = performance.now()
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** How long it has stood still, in milliseconds; 0 while nothing is watched. */
  get silentMs(): number {
    if (this.#timer === undefined || this.#read() !== this.#last) return 0
    return performance.now() - this.#lastMovedAtMs
  }

  #look(): void {
    const now = this.#read()
    if (now !== this.#last) {
      this.#last = now
      this.#lastMovedAtMs = performance.now()
    } else if (performance.now() - this.#lastMovedAtMs > this.#timeoutMs) {
      this.stop()
      this.#onSilent()
    }
  }
}
