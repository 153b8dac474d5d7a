import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { BenchError } from './errors.ts'
import { pinned } from './placement.ts'
import { builtProgram } from './programs.ts'

/** What the load generator is to do. */
export interface Load {
  readonly connections: number
  /** Connections that exchange messages; the others are open and silent. */
  readonly active: number
  /** Of a payload. */
  readonly messageBytes: number
  /** Messages on their way, for each active connection. */
  readonly depth: number
  readonly warmupMs: number
  readonly durationMs: number
}

/** What it says at the end. */
export interface LoadResult {
  readonly messages: number
  readonly messagesPerS: number
  readonly bytesPerS: number
  readonly elapsedS: number
  readonly p50Us: number
  readonly p99Us: number
  readonly p999Us: number
  /** CPU time that the generator took while it measured. */
  readonly loadCpuS: number
  /** CPU time that the server took meanwhile. */
  readonly serverCpuS: number
}

/** A load generator, and what it is to do. */
export interface LoadCommand {
  /** As `make -C bench` calls it. */
  readonly program: string
  readonly args: readonly string[]
  /** How long it measures, with its warm-up. */
  readonly durationMs: number
}

interface LoadSurroundings {
  readonly signal: AbortSignal
  /** Called while all are connected and nothing is on its way. */
  readonly onConnected: () => void
}

/** The generator gives up by itself; this is for one that does not even do that. */
const HANG_MS = 60_000

/**
 * Runs the load generator against an echo server.
 *
 * @throws {BenchError} `ERR_CARILLON_BENCH_LOAD`, with what the generator says.
 */
export async function runLoad(
  load: Load,
  server: { readonly port: number; readonly pid: number },
  cpu: number,
  surroundings: LoadSurroundings,
): Promise<LoadResult> {
  const args = [
    ...['--port', String(server.port), '--server-pid', String(server.pid)],
    ...['--connections', String(load.connections), '--active', String(load.active)],
    ...['--size', String(load.messageBytes), '--depth', String(load.depth)],
    ...['--warmup-ms', String(load.warmupMs), '--duration-ms', String(load.durationMs)],
  ]
  const durationMs = load.warmupMs + load.durationMs
  return await runLoadProgram({ program: 'echo_load', args, durationMs }, cpu, surroundings)
}

/**
 * Runs a load generator.
 *
 * @returns what it says: `LoadResult` and more, or what else the generator has to say.
 * @throws {BenchError} `ERR_CARILLON_BENCH_LOAD`, with what the generator says.
 */
export async function runLoadProgram<R extends object>(
  { program, args, durationMs }: LoadCommand,
  cpu: number,
  { signal, onConnected }: LoadSurroundings,
): Promise<R> {
  const [file = '', ...rest] = pinned(cpu, [builtProgram(program), '--hold', ...args])
  const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'pipe'] })
  let result: R | undefined
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  // Where it ends before it reads this, its exit code tells.
  child.stdin.on('error', () => {})
  createInterface(child.stdout).on('line', (line) => {
    const told = JSON.parse(line) as { readonly event: string } & R
    if (told.event === 'result') result = told
    if (told.event !== 'connected') return
    onConnected()
    child.stdin.write('\n')
  })

  const aborted = AbortSignal.any([signal, AbortSignal.timeout(durationMs + HANG_MS)])
  const kill = () => child.kill('SIGKILL')
  aborted.addEventListener('abort', kill)
  try {
    await once(child, 'close')
  } finally {
    aborted.removeEventListener('abort', kill)
  }
  signal.throwIfAborted()
  if (child.exitCode === 0 && result !== undefined) return result
  const why = stderr.trim() || `${program} ended with ${child.signalCode ?? child.exitCode}`
  throw new BenchError('ERR_CARILLON_BENCH_LOAD', why)
}
