import type { Logger } from 'pino'

/** Often enough for people, and a log of a day of nothing else stays under 30 MB. */
const INTERVAL_MS = 1_000

/**
 * A warning that strangers can cause as often as they like: told once a second at most. Each line
 * but the first of a row says how many more there were since the one before, as `others`.
 */
export class LimitedWarning {
  readonly #logger: Logger
  readonly #message: string
  #timer: NodeJS.Timeout | undefined
  #latest: object = {}
  #waiting = 0

  constructor(logger: Logger, message: string) {
    this.#logger = logger
    this.#message = message
  }

  /** It has happened. Of those in one second the latest is told at its end. */
  warn(details: object): void {
    if (this.#timer === undefined) {
      this.#logger.warn(details, this.#message)
      this.#rest()
      return
    }
    this.#latest = details
    this.#waiting++
  }

  /** Tells at once what waits to be told. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#tell()
  }

  #rest(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#tell()) this.#rest()
    }, INTERVAL_MS)
    this.#timer.unref()
  }

  #tell(): boolean {
    if (this.#waiting === 0) return false
    const others = this.#waiting - 1
    this.#waiting = 0
    this.#logger.warn({ ...this.#latest, others }, this.#message)
    return true
  }
}
