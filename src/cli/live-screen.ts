/** Ctrl-C, which a terminal in raw mode hands over like any other key. */
const INTERRUPT_KEY = '\x03'

const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const ERASE_LINE_END = '\x1b[K'
const ERASE_BELOW = '\x1b[J'

/** What a terminal has that does not say its size, as some on serial lines: it says 0. */
const USUAL_COLUMNS = 80
const USUAL_ROWS = 24

/** Characters in a line of a terminal. */
export function terminalColumns({ columns }: NodeJS.WriteStream): number {
  return columns || USUAL_COLUMNS
}

/**
 * A terminal's other screen, on which text is drawn over the text before. What was on the terminal
 * comes back when it is closed, which happens by itself where the process ends.
 */
export class LiveScreen {
  readonly #output: NodeJS.WriteStream
  readonly #keys: NodeJS.ReadStream | undefined
  readonly #quit = new AbortController()
  #lines: readonly string[] = []
  #isOpen = true

  /** @param keys where keys come from; ignored where it is no terminal. */
  constructor(output: NodeJS.WriteStream, keys: NodeJS.ReadStream) {
    this.#output = output
    this.#keys = keys.isTTY ? keys : undefined
    this.#keys?.setRawMode(true).on('data', this.#onKey).on('error', this.#onGone)
    output.on('resize', this.#draw).on('error', this.#onGone)
    process.on('exit', this.#onExit)
    output.write(ENTER)
  }

  /** Aborted when the user presses `q`, or the terminal is gone. */
  get quit(): AbortSignal {
    return this.#quit.signal
  }

  get columns(): number {
    return terminalColumns(this.#output)
  }

  /** Draws these lines in place of those before. What is too long or too many is cut. */
  show(lines: readonly string[]): void {
    this.#lines = lines
    this.#draw()
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    process.off('exit', this.#onExit)
    this.#output.off('resize', this.#draw).off('error', this.#onGone)
    this.#keys?.off('data', this.#onKey).off('error', this.#onGone).setRawMode(false).pause()
    this.#output.write(LEAVE)
  }

  readonly #draw = (): void => {
    const { columns } = this
    const rows = this.#output.rows || USUAL_ROWS
    const hidden = this.#lines.length - rows
    const lines =
      hidden > 0 ? [...this.#lines.slice(0, rows - 1), `(${hidden + 1} lines more)`] : this.#lines
    const drawn = lines.map((line) => line.slice(0, columns) + ERASE_LINE_END)
    this.#output.write(HOME + drawn.join('\r\n') + ERASE_BELOW)
  }

  readonly #onKey = (pressed: Buffer): void => {
    const keys = pressed.toString('latin1')
    if (keys.includes(INTERRUPT_KEY)) process.kill(process.pid, 'SIGINT')
    else if (/q/i.test(keys)) this.#quit.abort()
  }

  readonly #onGone = (): void => this.#quit.abort()

  readonly #onExit = (): void => this.close()
}
