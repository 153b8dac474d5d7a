import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { BenchError } from './errors.ts'
import { pinned } from './placement.ts'
import { type ProcessFigures, readProcessFigures } from './process-figures.ts'

/** Ample for the start of Node on a busy machine. */
const READY_TIMEOUT_MS = 15_000

/** The last bytes of what a server wrote to stderr, kept to explain why it ended. */
const STDERR_BYTES_MAX = 4096

/** The line by which a server says that it listens. */
export interface ReadyLine {
  readonly port: number
  /** Whatever else it says of itself. */
  readonly [field: string]: unknown
}

/** A server of its own process, started for one measurement. */
export class ServerProcess {
  readonly #process: ChildProcess
  readonly #name: string
  #stderr = ''
  #ready: ReadyLine = { port: 0 }

  private constructor(name: string, child: ChildProcess) {
    this.#name = name
    this.#process = child
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_BYTES_MAX)
    })
  }

  /**
   * Starts `command --port 0` and waits until it says where it listens.
   *
   * @throws {BenchError} `ERR_CARILLON_BENCH_SERVER` where it does not.
   */
  static async start(
    name: string,
    command: readonly string[],
    cpu: number,
    signal: AbortSignal,
  ): Promise<ServerProcess> {
    const [file = '', ...args] = pinned(cpu, [...command, '--port', '0'])
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const server = new ServerProcess(name, child)
    try {
      await server.#untilReady(signal)
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  get ready(): ReadyLine {
    return this.#ready
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

  /** Ends it at once: a measurement leaves nothing behind that would have to be put in order. */
  async stop(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#process
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    const closed = once(this.#process, 'close')
    this.#process.kill('SIGKILL')
    await closed
  }

  async #untilReady(signal: AbortSignal): Promise<void> {
    const { stdout } = this.#process
    if (stdout === null) throw new TypeError('the output is a pipe')
    const lines = createInterface(stdout)
    const aborted = AbortSignal.any([signal, AbortSignal.timeout(READY_TIMEOUT_MS)])
    const told = await Promise.race([
      once(lines, 'line', { signal: aborted }).then(([line]) => String(line)),
      once(this.#process, 'close', { signal: aborted }).then(() => undefined),
    ]).catch((cause: unknown) => {
      signal.throwIfAborted()
      throw this.#failure('it did not say where it listens', cause)
    })
    if (told === undefined) throw this.#failure(`it did not start${this.ending}`)
    this.#ready = parseReadyLine(told) ?? this.#throwFailure(`its first line is ${told}`)
  }

  #throwFailure(what: string): never {
    throw this.#failure(what)
  }

  #failure(what: string, cause?: unknown): BenchError {
    return new BenchError('ERR_CARILLON_BENCH_SERVER', `${this.#name}: ${what}`, { cause })
  }
}

function parseReadyLine(line: string): ReadyLine | undefined {
  try {
    const value = JSON.parse(line) as ReadyLine
    return Number.isInteger(value.port) && value.port > 0 ? value : undefined
  } catch {
    return undefined
  }
}
