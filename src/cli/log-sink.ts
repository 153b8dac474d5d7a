import { writeSync } from 'node:fs'

/** The line for lines that were lost, as pino would write it. */
function jsonNote(lost: number): string {
  const note = { level: 40, time: Date.now(), lost, msg: 'lines of the log were lost' }
  return `${JSON.stringify(note)}\n`
}

/**
 * Where the log goes. A line that cannot be written (the disk is
 * full, the reader has gone or is not reading) is left out and counted, and nothing waits for it:
 * the log must not stop the server. The next line that can be written is preceded by the count.
 */
export class LogSink {
  readonly #fd: number
  readonly #format: (line: string) => string
  #lost = 0
  /** The last line was cut off: the next one must not continue it. */
  #isTorn = false

  /**
   * @param fd should not block.
   * @param format what each line is written as; those of pino are JSON.
   */
  constructor(fd: number, format: (line: string) => string = (line) => line) {
    this.#fd = fd
    this.#format = format
  }

  /** Takes whole lines, as pino gives them. */
  write(line: string): void {
    if (this.#lost > 0) {
      if (!this.#tryWrite(this.#format(jsonNote(this.#lost)))) {
        this.#lost++
        return
      }
      this.#lost = 0
    }
    if (!this.#tryWrite(this.#format(line))) this.#lost++
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
