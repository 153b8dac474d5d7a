/**
 * Draws before the browser's next frame, each drawing once however often it was asked for. In a tab
 * that is not shown there are no frames, and nothing is drawn.
 */
export class FrameLoop {
  readonly #drawings = new Set<() => void>()
  #isRequested = false

  request(draw: () => void): void {
    this.#drawings.add(draw)
    if (this.#isRequested) return
    this.#isRequested = true
    requestAnimationFrame(() => {
      this.#isRequested = false
      const drawings = [...this.#drawings]
      this.#drawings.clear()
      for (const drawing of drawings) drawing()
    })
  }
}
