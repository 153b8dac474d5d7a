/** Often enough to be seen, and no flood where a bug meets every message. */
const INTERVAL_MS = 1000

/**
 * Tells of the application's own bugs where it gave no logger: as process warnings of the type
 * `CarillonWarning`, at most one a second.
 */
export class HookWarnings {
  readonly #nowMs: () => number
  #lastMs = Number.NEGATIVE_INFINITY
  #leftOut = 0

  /** @param nowMs a clock that never goes back. */
  constructor(nowMs = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /**
   * @param code stable: what the application matches.
   * @param cause what was thrown; its stack goes with the warning.
   */
  warn(code: string, message: string, cause: unknown): void {
    const nowMs = this.#nowMs()
    if (nowMs - this.#lastMs < INTERVAL_MS) {
      this.#leftOut++
      return
    }
    const leftOut = this.#leftOut === 0 ? '' : ` (${this.#leftOut} more since the last warning)`
    this.#lastMs = nowMs
    this.#leftOut = 0
    const detail = cause instanceof Error ? cause.stack : undefined
    process.emitWarning(`${message}${leftOut}`, {
      type: 'CarillonWarning',
      code,
      ...(detail !== undefined && { detail }),
    })
  }
}
