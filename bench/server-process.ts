import { BenchError } from './errors.ts'
import { PinnedProcess } from './pinned-process.ts'
import type { ProcessFigures } from './process-figures.ts'

/** Ample for the start of Node with four cores, on a machine with ten times the work that it can do. */
const READY_TIMEOUT_MS = 60_000

/** The line by which a server says that it listens. */
export interface ReadyLine {
  readonly port: number
  /** Whatever else it says of itself. */
  readonly [field: string]: unknown
}

/** A server of its own process, started for one measurement. */
export class ServerProcess {
  readonly #process: PinnedProcess
  readonly #name: string
  #ready: ReadyLine = { port: 0 }

  private constructor(name: string, process: PinnedProcess) {
    this.#name = name
    this.#process = process
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
    const process = new PinnedProcess(name, [...command, '--port', '0'], cpu)
    const server = new ServerProcess(name, process)
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
    return this.#process.pid
  }

  figures(): ProcessFigures {
    return this.#process.figures()
  }

  /** What is known of why it ended, as the rest of a sentence; empty while it runs. */
  get ending(): string {
    return this.#process.ending
  }

  /** Ends it at once: a measurement leaves nothing behind that would have to be put in order. */
  async stop(): Promise<void> {
    await this.#process.stop()
  }

  async #untilReady(signal: AbortSignal): Promise<void> {
    const aborted = AbortSignal.any([signal, AbortSignal.timeout(READY_TIMEOUT_MS)])
    const told = await this.#process.line(aborted).catch((cause: unknown) => {
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
