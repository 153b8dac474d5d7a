import { writeSync } from 'node:fs'

/**
 * Where the log goes where nobody reads it on a terminal. A line that cannot be written (the disk is
 * full, the reader has gone or is not reading) is left out and counted, and nothing waits for it:
 * the log must not stop the server. The next line that can be written is preceded by the count.
 */
export class LogSink {
  readonly #fd: number
  #lost = 0
  /** The last line was cut off: the next one must not continue it. */
  #isTorn = false

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Takes whole lines, as pino gives them. */
  write(line: string): void {
    if (this.#lost > 0) {
      const note = {
        level: 40,
        time: Date.now(),
        lost: this.#lost,
        msg: 'lines of the log were lost',
      }
      if (!this.#tryWrite(`${JSON.stringify(note)}\n`)) {
        this.#lost++
        return
      }
      this.#lost = 0
    }
    if (!this.#tryWrite(line)) this.#lost++
  }

  #tryWrite(line: string): boolean {
    const bytes = Buffer.from(this.#isTorn ? `\n${line}` : line)
    let at = 0
    try {
      while (at < bytes.length) at += writeSync(this.#fd, bytes, at)
      this.#isTorn = false
      return true
    } catch {
      this.#isTorn ||= at > 0
      return false
    }
  }
}
