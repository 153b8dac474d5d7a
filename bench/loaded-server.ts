import { errorMessage } from '../src/errors.ts'
import { BenchError } from './errors.ts'
import type { LoadResult } from './load-process.ts'
import type { Placement } from './placement.ts'
import { type ProcessFigures, waitedShare } from './process-figures.ts'
import type { Sample } from './results.ts'
import type { Bout } from './rounds.ts'
import { type ReadyLine, ServerProcess } from './server-process.ts'

/** How long each measurement takes. */
export interface Durations {
  readonly warmupMs: number
  readonly durationMs: number
}

/** A server as it is before the load, with all connected, and behind it. */
export interface ServerFigures {
  readonly alone: ProcessFigures
  readonly connected: ProcessFigures
  readonly loaded: ProcessFigures
}

/** A server that is measured: fresh, and with `--port 0` behind its command. */
export interface MeasuredServer {
  readonly name: string
  readonly command: readonly string[]
  /** Of the cell, for what goes wrong in it. */
  readonly title: string
}

/** What puts the load on it. `onConnected` is for while all are connected and nothing is on its way. */
export type PutLoad<R> = (server: ServerProcess, onConnected: () => void) => Promise<R>

/**
 * Starts a server, puts the load on it and stops it.
 *
 * @throws {BenchError} `ERR_CARILLON_BENCH_SERVER` where one of them fails; the signal's reason.
 */
export async function measureServer<R>(
  { name, command, title }: MeasuredServer,
  placement: Placement,
  signal: AbortSignal,
  putLoad: PutLoad<R>,
): Promise<{ result: R; figures: ServerFigures; ready: ReadyLine }> {
  const server = await ServerProcess.start(name, command, placement.server, signal)
  try {
    const alone = server.figures()
    let connected = alone
    const result = await putLoad(server, () => {
      connected = server.figures()
    })
    const { ready } = server
    return { result, figures: { alone, connected, loaded: server.figures() }, ready }
  } catch (cause) {
    signal.throwIfAborted()
    throw new BenchError(
      'ERR_CARILLON_BENCH_SERVER',
      `${name}, ${title}: ${errorMessage(cause)}${server.ending}`,
      { cause },
    )
  } finally {
    await server.stop()
  }
}

/** What a sample has whatever the load was. */
export function commonSample(
  cell: { readonly connections: number; readonly measuresMemory?: true },
  result: LoadResult,
  { alone, connected, loaded }: ServerFigures,
): Sample {
  const { messages, messagesPerS, bytesPerS, p50Us, p99Us, p999Us, elapsedS } = result
  const { serverCpuS, loadCpuS } = result
  const memory = cell.measuresMemory && {
    bytesPerConnection: (connected.rssBytes - alone.rssBytes) / cell.connections,
  }
  return {
    ...{ messagesPerS, bytesPerS, p50Us, p99Us, p999Us },
    /** Of the server's CPU: what others take of the machine hardly shows in it. */
    messagesPerCpuS: messages / serverCpuS,
    /** Of one CPU. */
    serverCpuShare: serverCpuS / elapsedS,
    loadCpuShare: loadCpuS / elapsedS,
    loadMessagesPerCpuS: messages / loadCpuS,
    waitedShare: waitedShare(connected, loaded),
    aloneRssBytes: alone.rssBytes,
    connectedRssBytes: connected.rssBytes,
    loadedRssBytes: loaded.rssBytes,
    ...memory,
  }
}

/** A cell with a contender in it, as a round measures it. */
export function serverBout(
  cell: string,
  { name, isOurs }: { readonly name: string; readonly isOurs: boolean },
  measure: (signal: AbortSignal) => Promise<{ sample: Sample; ready: ReadyLine }>,
): Bout {
  return {
    ...{ cell, contender: name, isOurs },
    async measure(signal) {
      const { sample, ready } = await measure(signal)
      const { event: _event, port: _port, ...about } = ready
      return { sample, about }
    },
  }
}
