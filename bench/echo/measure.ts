import { errorMessage } from '../../src/errors.ts'
import { BenchError } from '../errors.ts'
import { type LoadResult, runLoad } from '../load-process.ts'
import type { Placement } from '../placement.ts'
import type { Sample } from '../results.ts'
import { type ReadyLine, ServerProcess } from '../server-process.ts'
import type { Cell } from './cells.ts'
import type { Contender } from './contenders.ts'

/** How long each measurement takes. */
export interface Durations {
  readonly warmupMs: number
  readonly durationMs: number
}

/**
 * Over this share of the time without a CPU, the other work of the machine decides what is measured.
 * The threads that Node itself has beside the first take up to a tenth.
 */
const WAITED_SHARE_MAX = 0.15
/** How often a measurement that was disturbed is made, at most. */
const ATTEMPTS_MAX = 3

interface Measurement {
  readonly sample: Sample
  readonly ready: ReadyLine
}

/**
 * One contender in one cell, in one round. A measurement that other work disturbed is made again,
 * and the least disturbed counts: what is chosen by does not depend on the figures.
 *
 * @param mayRepeat asked before each repetition.
 */
export async function measureUndisturbed(
  mayRepeat: () => boolean,
  ...what: Parameters<typeof measure>
): Promise<Measurement> {
  let best = await measure(...what)
  for (let attempt = 1; attempt < ATTEMPTS_MAX; attempt++) {
    if (!isDisturbed(best.sample) || !mayRepeat()) break
    const next = await measure(...what)
    if (waitedShare(next.sample) < waitedShare(best.sample)) best = next
  }
  return best
}

/** Whether other work decided what was measured. */
export function isDisturbed(sample: Sample): boolean {
  return waitedShare(sample) > WAITED_SHARE_MAX
}

function waitedShare(sample: Sample): number {
  return sample.waitedShare ?? 0
}

/** One measurement, however disturbed: a fresh server, and the load on it. */
export async function measure(
  contender: Contender,
  cell: Cell,
  durations: Durations,
  placement: Placement,
  signal: AbortSignal,
): Promise<Measurement> {
  const server = await ServerProcess.start(
    contender.name,
    contender.command,
    placement.server,
    signal,
  )
  try {
    const { ready, pid } = server
    const aloneRssBytes = server.rssBytes()
    let connectedRssBytes = aloneRssBytes
    const result = await runLoad(
      { ...cell, ...durations },
      { port: ready.port, pid },
      placement.load,
      {
        signal,
        onConnected: () => {
          connectedRssBytes = server.rssBytes()
        },
      },
    )
    const memory = { aloneRssBytes, connectedRssBytes, loadedRssBytes: server.rssBytes() }
    return { sample: toSample(cell, result, memory), ready }
  } catch (cause) {
    signal.throwIfAborted()
    throw new BenchError(
      'ERR_CARILLON_BENCH_SERVER',
      `${contender.name}, ${cell.title}: ${errorMessage(cause)}${server.ending}`,
      { cause },
    )
  } finally {
    await server.stop()
  }
}

interface Memory {
  readonly aloneRssBytes: number
  readonly connectedRssBytes: number
  readonly loadedRssBytes: number
}

function toSample(cell: Cell, result: LoadResult, memory: Memory): Sample {
  const { messagesPerS, bytesPerS, p50Us, p99Us, p999Us, elapsedS } = result
  const messages = messagesPerS * elapsedS
  return {
    ...{ messagesPerS, bytesPerS, p50Us, p99Us, p999Us, ...memory },
    // What others take of the machine hardly shows in these.
    messagesPerCpuS: messages / result.serverCpuS,
    loadMessagesPerCpuS: messages / result.loadCpuS,
    // Of one CPU.
    serverCpuShare: result.serverCpuS / elapsedS,
    loadCpuShare: result.loadCpuS / elapsedS,
    waitedShare: Math.max(result.serverWaitedS, result.loadWaitedS) / elapsedS,
    ...(cell.measuresMemory && {
      bytesPerConnection: (memory.connectedRssBytes - memory.aloneRssBytes) / cell.connections,
    }),
  }
}
