import type { Level, Logger } from 'pino'

/** Often enough for people, and a log of a day of nothing else stays under 30 MB. */
const LOG_INTERVAL_MS = 1000

/** The last line of its kind, and how many there were since one was written. */
interface Held {
  level: Level
  fields: object
  message: string
  lines: number
  readonly timer: NodeJS.Timeout
}

/**
 * Log lines that strangers can cause as often as they like: of each kind at most one a second. The
 * first is written at once. Of those that follow within the second the last one is, at its end, with
 * the number of the others as `leftOut`.
 */
export class LogLimiter {
  readonly #logger: Logger
  /** The kinds of which a line was written within the last second. */
  readonly #held = new Map<string, Held>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** @param kind one of a few words, with nothing of the stranger's in it. */
  log(level: Level, fields: object, message: string, kind = message): void {
    const held = this.#held.get(kind)
    if (held !== undefined) {
      Object.assign(held, { level, fields, message, lines: held.lines + 1 })
      return
    }
    this.#logger[level](fields, message)
    const timer = setInterval(() => this.#onSecondOver(kind), LOG_INTERVAL_MS).unref()
    this.#held.set(kind, { level, fields, message, lines: 0, timer })
  }

  /** Writes what was held back, and begins anew. */
  flush(): void {
    for (const [kind, held] of this.#held) {
      this.#write(held)
      this.#forget(kind, held)
    }
  }

  #onSecondOver(kind: string): void {
    const held = this.#held.get(kind)
    if (held === undefined) return
    if (held.lines > 0) this.#write(held)
    else this.#forget(kind, held)
  }

  #write(held: Held): void {
    const { level, fields, message, lines } = held
    if (lines === 0) return
    held.lines = 0
    this.#logger[level](lines > 1 ? { ...fields, leftOut: lines - 1 } : fields, message)
  }

  #forget(kind: string, held: Held): void {
    clearInterval(held.timer)
    this.#held.delete(kind)
  }
}
