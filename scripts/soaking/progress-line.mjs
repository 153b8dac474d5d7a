/** Elsewhere than on a terminal each line stays, so that there are fewer. */
const EVERY_MS = 15_000

/** How it goes: on a terminal one line that is written again and again. */
export class ProgressLine {
  #stream
  #startMs = performance.now()
  #shownMs = Number.NEGATIVE_INFINITY
  #text = ''

  constructor(stream) {
    this.#stream = stream
  }

  update(text) {
    const nowMs = performance.now()
    this.#text = `${clock(nowMs - this.#startMs)} ${text}`
    if (this.#stream.isTTY) {
      const width = (this.#stream.columns ?? 80) - 1
      this.#stream.write(`\r\u001b[K${this.#text.slice(0, width)}`)
    } else if (nowMs - this.#shownMs >= EVERY_MS) {
      this.#shownMs = nowMs
      this.#stream.write(`${this.#text}\n`)
    }
  }

  /** Says what stays, in a line of its own and at once, in the place of what was shown. */
  keep(text) {
    const nowMs = performance.now()
    this.#shownMs = nowMs
    this.#text = ''
    const clear = this.#stream.isTTY ? '\r\u001b[K' : ''
    this.#stream.write(`${clear}${clock(nowMs - this.#startMs)} ${text}\n`)
  }

  /** Leaves the last of it. */
  end() {
    if (this.#text === '') return
    this.#stream.write(this.#stream.isTTY ? '\n' : `${this.#text}\n`)
  }
}

function clock(elapsedMs) {
  const s = Math.floor(elapsedMs / 1000)
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`
}
