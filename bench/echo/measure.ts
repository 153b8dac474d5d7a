import { errorMessage } from '../../src/errors.ts'
import { BenchError } from '../errors.ts'
import { type LoadResult, runLoad } from '../load-process.ts'
import type { Placement } from '../placement.ts'
import { type ProcessFigures, waitedShare } from '../process-figures.ts'
import type { Sample } from '../results.ts'
import { type ReadyLine, ServerProcess } from '../server-process.ts'
import type { Cell } from './cells.ts'
import type { Contender } from './contenders.ts'

/** How long each measurement takes. */
export interface Durations {
  readonly warmupMs: number
  readonly durationMs: number
}

/** One contender in one cell, in one round: a fresh server, and the load on it. */
export async function measure(
  contender: Contender,
  cell: Cell,
  durations: Durations,
  placement: Placement,
  signal: AbortSignal,
): Promise<{ sample: Sample; ready: ReadyLine }> {
  const server = await ServerProcess.start(
    contender.name,
    contender.command,
    placement.server,
    signal,
  )
  try {
    const { ready, pid } = server
    const alone = server.figures()
    let connected = alone
    const result = await runLoad(
      { ...cell, ...durations },
      { port: ready.port, pid },
      placement.load,
      {
        signal,
        onConnected: () => {
          connected = server.figures()
        },
      },
    )
    const loaded = server.figures()
    return { sample: toSample(cell, result, alone, connected, loaded), ready }
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

function toSample(
  cell: Cell,
  result: LoadResult,
  alone: ProcessFigures,
  connected: ProcessFigures,
  loaded: ProcessFigures,
): Sample {
  const { messagesPerS, bytesPerS, p50Us, p99Us, p999Us, serverCpuS, loadCpuS, elapsedS } = result
  const memory = cell.measuresMemory && {
    bytesPerConnection: (connected.rssBytes - alone.rssBytes) / cell.connections,
  }
  return {
    ...{ messagesPerS, bytesPerS, p50Us, p99Us, p999Us },
    /** Of the server's CPU: what others take of the machine hardly shows in it. */
    messagesPerCpuS: (messagesPerS * elapsedS) / serverCpuS,
    /** Of one CPU. */
    serverCpuShare: serverCpuS / elapsedS,
    loadCpuShare: loadCpuS / elapsedS,
    loadMessagesPerCpuS: (messagesPerS * elapsedS) / loadCpuS,
    waitedShare: waitedShare(connected, loaded),
    aloneRssBytes: alone.rssBytes,
    connectedRssBytes: connected.rssBytes,
    loadedRssBytes: loaded.rssBytes,
    ...memory,
  }
}
