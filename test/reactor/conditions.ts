/** Lets a test wait for what an object's events bring about. */
export abstract class Conditions {
  readonly #waiting = new Map<() => boolean, () => void>()

  /** Resolves once `condition` holds. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      if (condition()) resolve()
      else this.#waiting.set(condition, resolve)
    })
  }

  /** To be called after every event. */
  protected changed(): void {
    for (const [condition, resolve] of this.#waiting) {
      if (!condition()) continue
      this.#waiting.delete(condition)
      resolve()
    }
  }
}
