import { Presets, SingleBar } from 'cli-progress'

/** A bar on the terminal while a job runs. On anything else than a terminal it shows nothing. */
export class ProgressBar {
  readonly #bar: SingleBar | undefined
  #isStarted = false

  constructor(stream: NodeJS.WriteStream) {
    if (!stream.isTTY) return
    const format = '{bar} {percentage}% | {eta_formatted} left'
    this.#bar = new SingleBar({ stream, format, clearOnComplete: true }, Presets.shades_classic)
  }

  /** Without a total, which is `Infinity` then, there is nothing to show. */
  update(done: number, total: number): void {
    if (this.#bar === undefined || !Number.isFinite(total)) return
    if (!this.#isStarted) {
      this.#isStarted = true
      this.#bar.start(total, done)
    } else {
      this.#bar.update(done)
    }
  }

  /** Takes the bar away again. */
  stop(): void {
    if (this.#isStarted) this.#bar?.stop()
    this.#isStarted = false
  }
}
