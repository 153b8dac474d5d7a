/**
 * What one client has to do with `pause-source`: the slow clients for whose sake it is not read
 * from, and the clients that are not read from because it is slow. Most clients never have one.
 */
export class SourceHolds {
  readonly #slow = new Set<SourceHolds>()
  readonly #sources = new Set<SourceHolds>()
  readonly #onReleased: () => void

  /** @param onReleased called when no slow client is left for whose sake it is held. */
  constructor(onReleased: () => void) {
    this.#onReleased = onReleased
  }

  /** Whether the client is not read from. */
  get isHeld(): boolean {
    return this.#slow.size > 0
  }

  /** Holds the client for the sake of a slow one. Returns whether nothing else held it before. */
  holdFor(slow: SourceHolds): boolean {
    const wasHeld = this.isHeld
    this.#slow.add(slow)
    slow.#sources.add(this)
    return !wasHeld
  }

  /** The client is no longer slow, or will be sent nothing more. */
  releaseSources(): void {
    const sources = [...this.#sources]
    this.#sources.clear()
    for (const source of sources) {
      source.#slow.delete(this)
      if (!source.isHeld) source.#onReleased()
    }
  }

  /** The client is not read from any more, whoever is slow. */
  leave(): void {
    for (const slow of this.#slow) slow.#sources.delete(this)
    this.#slow.clear()
  }
}
