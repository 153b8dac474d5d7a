import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { FileCoreKind } from '../../src/cores/core-kind.ts'
import type { Sample } from '../results.ts'
import { CORES } from './cells.ts'
import { cpuSeconds } from './cpu-time.ts'
import { ServeRun } from './serve-run.ts'

/** How long after its start a server is measured that does nothing, and for how long. */
export interface QuietTimes {
  readonly settleMs: number
  readonly durationMs: number
}

/**
 * How much CPU time a server takes that nobody uses, with all of its processes.
 *
 * @throws {BenchError} `ERR_CARILLON_BENCH_SERVER` where it does not start.
 */
export async function measureQuiet(
  kind: FileCoreKind,
  { settleMs, durationMs }: QuietTimes,
  signal: AbortSignal,
): Promise<Sample> {
  const server = await ServeRun.start(kind, CORES, signal)
  try {
    await setTimeout(settleMs, undefined, { signal })
    const [beginMs, before] = [performance.now(), cpuSeconds(server.pid)]
    await setTimeout(durationMs, undefined, { signal })
    const elapsedS = (performance.now() - beginMs) / 1000
    return { cpuPercent: (100 * (cpuSeconds(server.pid) - before)) / elapsedS, elapsedS }
  } finally {
    await server.stop()
  }
}

/**
 * How long it takes from the start of a server until it has opened a stream.
 *
 * @throws {BenchError} `ERR_CARILLON_BENCH_SERVER` where it does not start.
 */
export async function measureStart(
  kind: FileCoreKind,
  cores: number,
  signal: AbortSignal,
): Promise<Sample> {
  const server = await ServeRun.start(kind, cores, signal)
  try {
    return { startMs: await server.openStream(signal) }
  } finally {
    await server.stop()
  }
}

/** How long Node takes to start and to end with nothing in between. */
export async function measureBareNode(signal: AbortSignal): Promise<Sample> {
  const beginMs = performance.now()
  const node = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore', signal })
  await once(node, 'exit')
  return { startMs: performance.now() - beginMs }
}
