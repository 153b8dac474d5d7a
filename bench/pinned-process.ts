import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { pinned } from './placement.ts'
import { type ProcessFigures, readProcessFigures } from './process-figures.ts'

/** The last bytes of what a process wrote to stderr, kept to explain why it ended. */
const STDERR_BYTES_MAX = 4096

/** A process of one measurement, on a CPU of its own. It does not outlive this one. */
export class PinnedProcess {
  readonly #process: ChildProcess
  readonly #name: string
  readonly #closed: Promise<unknown>
  #stderr = ''

  /**
   * Starts it. Where that fails, `ending` says so in the end.
   *
   * @param inherited descriptors that it has as 3 and up.
   */
  constructor(
    name: string,
    command: readonly string[],
    cpu: number,
    inherited: readonly number[] = [],
  ) {
    const [file = '', ...args] = pinned(cpu, command)
    this.#name = name
    this.#process = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe', ...inherited] })
    this.#process.on('error', ({ message }) => {
      this.#stderr = message
    })
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_BYTES_MAX)
    })
    this.#closed = once(this.#process, 'close')
    // Who does not wait for its end does not miss that it could not start.
    this.#closed.catch(() => {})
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  figures(): ProcessFigures {
    return readProcessFigures(this.pid)
  }

  /** What is known of why it ended, as the rest of a sentence; empty while it runs. */
  get ending(): string {
    const { exitCode, signalCode } = this.#process
    if (exitCode === null && signalCode === null) return ''
    const how = signalCode === null ? `exit code ${exitCode}` : signalCode
    return `; ${this.#name} ended with ${how}: ${this.#stderr.trim() || 'it said nothing'}`
  }

  /**
   * The next line that it prints, or undefined where it ends instead. To be called once.
   *
   * @throws the signal's reason.
   */
  async line(signal: AbortSignal): Promise<string | undefined> {
    const { stdout } = this.#process
    if (stdout === null) throw new TypeError('the output is a pipe')
    return await Promise.race([
      once(createInterface(stdout), 'line', { signal }).then(([line]) => String(line)),
      once(this.#process, 'close', { signal }).then(() => undefined),
    ])
  }

  /** Resolves, to nothing, when it has ended, however that happens. */
  async ended(): Promise<undefined> {
    await this.#closed.catch(() => {})
    return undefined
  }

  /** Ends it at once: a measurement leaves nothing behind that would have to be put in order. */
  async stop(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#process
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    this.#process.kill('SIGKILL')
    await this.ended()
  }
}
