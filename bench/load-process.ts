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

/** The generator gives up by itself; this is for one that does not even do that. */
const HANG_MS = 60_000

/**
 * Runs the load generator against a server.
 *
 * @param onConnected called while all are connected and nothing is on its way.
 * @throws {BenchError} `ERR_CARILLON_BENCH_LOAD`, with what the generator says.
 */
export async function runLoad(
  load: Load,
  server: { readonly port: number; readonly pid: number },
  cpu: number,
  { signal, onConnected }: { readonly signal: AbortSignal; readonly onConnected: () => void },
): Promise<LoadResult> {
  const [file = '', ...args] = pinned(cpu, [
    ...[builtProgram('echo_load'), '--hold'],
    ...['--port', String(server.port), '--server-pid', String(server.pid)],
    ...['--connections', String(load.connections), '--active', String(load.active)],
    ...['--size', String(load.messageBytes), '--depth', String(load.depth)],
    ...['--warmup-ms', String(load.warmupMs), '--duration-ms', String(load.durationMs)],
  ])
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let result: LoadResult | undefined
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  // Where it ends before it reads this, its exit code tells.
  child.stdin.on('error', () => {})
  createInterface(child.stdout).on('line', (line) => {
    const told = JSON.parse(line) as { readonly event: string } & LoadResult
    if (told.event === 'result') result = told
    if (told.event !== 'connected') return
    onConnected()
    child.stdin.write('\n')
  })

  const limitMs = load.warmupMs + load.durationMs + HANG_MS
  const aborted = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
  const kill = () => child.kill('SIGKILL')
  aborted.addEventListener('abort', kill)
  try {
    await once(child, 'close')
  } finally {
    aborted.removeEventListener('abort', kill)
  }
  signal.throwIfAborted()
  if (child.exitCode === 0 && result !== undefined) return result
  const why = stderr.trim() || `echo_load ended with ${child.signalCode ?? child.exitCode}`
  throw new BenchError('ERR_CARILLON_BENCH_LOAD', why)
}
