import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { CarillonClient } from '../../src/client/carillon-client.ts'
import type { FileCoreKind } from '../../src/cores/core-kind.ts'
import { BenchError } from '../errors.ts'
import { REPOSITORY } from '../programs.ts'

const COMMAND = join(REPOSITORY, 'dist/cli/main.cjs')

/** The last bytes of what it wrote to stderr, kept to explain why it ended. */
const STDERR_BYTES_MAX = 4096

/** Ends the server when this process ends, however that happens. */
const WITH_THIS_PROCESS = ['setpriv', '--pdeathsig', 'TERM', '--'] as const

/** A `carillon serve` of its own process, on all CPUs. */
export class ServeRun {
  readonly #process: ChildProcess
  readonly #closed: Promise<unknown>
  readonly #startMs = performance.now()
  #port = 0
  #stderr = ''

  private constructor(kind: FileCoreKind, cores: number) {
    const [file, ...before] = WITH_THIS_PROCESS
    this.#process = spawn(
      file,
      [
        ...[...before, process.execPath, COMMAND, 'serve', '--port', '0', '--no-console'],
        ...['--core', kind, '--cores', `${cores}`],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_BYTES_MAX)
    })
    this.#closed = once(this.#process, 'close')
    this.#closed.catch(() => {})
  }

  /**
   * Starts it, and waits until it listens.
   *
   * @throws {BenchError} `ERR_CARILLON_BENCH_SERVER` where it does not.
   */
  static async start(kind: FileCoreKind, cores: number, signal: AbortSignal): Promise<ServeRun> {
    const run = new ServeRun(kind, cores)
    try {
      run.#port = await run.#listening(signal)
      return run
    } catch (error) {
      await run.stop()
      throw error
    }
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** Opens a stream, and says how long after the server's start it was open, in milliseconds. */
  async openStream(signal: AbortSignal): Promise<number> {
    const client = await CarillonClient.connect({ port: this.#port, signal })
    try {
      await client.openStream({ sampleRateHz: 48_000, channels: 1 })
      return performance.now() - this.#startMs
    } finally {
      await client.close()
    }
  }

  /** Ends it in order: its shared file has a name. */
  async stop(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#process
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    this.#process.kill('SIGTERM')
    await this.#closed.catch(() => {})
  }

  async #listening(signal: AbortSignal): Promise<number> {
    const { stdout } = this.#process
    if (stdout === null) throw new TypeError('the output is a pipe')
    const lines = createInterface(stdout)
    const ready = new Promise<number>((resolve) => {
      lines.on('line', (text) => {
        const { event, port } = JSON.parse(text) as { event?: string; port?: number }
        if (event === 'ready' && port !== undefined) resolve(port)
      })
    })
    const ended = once(this.#process, 'close', { signal }).then(() => undefined)
    const port = await Promise.race([ready, ended])
    if (port !== undefined) {
      ended.catch(() => {})
      return port
    }
    throw new BenchError(
      'ERR_CARILLON_BENCH_SERVER',
      `carillon serve did not start: ${this.#stderr.trim() || 'it said nothing'}`,
    )
  }
}
