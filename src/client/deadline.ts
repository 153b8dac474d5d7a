/**
 * Waits for something to arrive, for so long. Where this process was kept from running until after
 * the deadline, what has arrived meanwhile is looked at first.
 */
export class Deadline {
  readonly #timer: NodeJS.Timeout
  #immediate: NodeJS.Immediate | undefined

  constructor(timeoutMs: number, expired: () => void) {
    this.#timer = setTimeout(() => {
      this.#immediate = setImmediate(expired)
    }, timeoutMs)
  }

  /** Something arrived: waits for as long again. */
  refresh(): void {
    clearImmediate(this.#immediate)
    this.#timer.refresh()
  }

  cancel(): void {
    clearImmediate(this.#immediate)
    clearTimeout(this.#timer)
  }
}
