import { errorMessage } from '../../src/errors.ts'
import { BenchError } from '../errors.ts'
import { type LoadResult, runLoadProgram } from '../load-process.ts'
import type { Placement } from '../placement.ts'
import { type ProcessFigures, waitedShare } from '../process-figures.ts'
import type { Sample } from '../results.ts'
import { type ReadyLine, ServerProcess } from '../server-process.ts'
import type { Cell } from './cells.ts'
import type { Contender } from './contenders.ts'
import { findCore, moveTo, untilEnded } from './core-process.ts'

/** How long each measurement takes. */
export interface Durations {
  readonly warmupMs: number
  readonly durationMs: number
}

/** Which CPU each of the three processes runs on. */
export interface BridgePlacement extends Placement {
  readonly core: number
}

/** What the load generator says beside the rest. */
interface BridgeLoadResult extends LoadResult {
  readonly messages: number
  /** CPU time that the core took meanwhile. */
  readonly coreCpuS: number
  /** Blocks that were due and not sent, because too many were on their way. */
  readonly missed: number
}

/** One contender in one cell, in one round: a fresh bridge with a fresh core, and the load on it. */
export async function measure(
  contender: Contender,
  cell: Cell,
  durations: Durations,
  placement: BridgePlacement,
  signal: AbortSignal,
): Promise<{ sample: Sample; ready: ReadyLine }> {
  const { name } = contender
  const command = [...contender.command, ...(cell.corePolls ? ['--core-polls'] : [])]
  const server = await ServerProcess.start(name, command, placement.server, signal)
  let core: number | undefined
  try {
    core = findCore(name, server.pid)
    moveTo(placement.core, core)
    const { ready, pid } = server
    const alone = server.figures()
    let connected = alone
    const args = loadArguments(cell, durations, ready.port, pid, core)
    const durationMs = durations.warmupMs + durations.durationMs
    const result = await runLoadProgram<BridgeLoadResult>(
      { program: 'bridge_load', args, durationMs },
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
      `${name}, ${cell.title}: ${errorMessage(cause)}${server.ending}`,
      { cause },
    )
  } finally {
    await server.stop()
    // A core ends by itself when its bridge has. One that polls would take a CPU of the next.
    if (core !== undefined) await untilEnded(core)
  }
}

function loadArguments(
  cell: Cell,
  { warmupMs, durationMs }: Durations,
  port: number,
  server: number,
  core: number,
): string[] {
  const { connections, active, samples, depth, rate = 0, slow = 0, work } = cell
  const numbers = {
    ...{ port, connections, active, samples, depth, rate, slow },
    ...{ 'warmup-ms': warmupMs, 'duration-ms': durationMs },
    ...{ 'server-pid': server, 'core-pid': core },
  }
  const options = Object.entries({ ...numbers, work })
  return options.flatMap(([name, value]) => [`--${name}`, String(value)])
}

function toSample(
  cell: Cell,
  result: BridgeLoadResult,
  alone: ProcessFigures,
  connected: ProcessFigures,
  loaded: ProcessFigures,
): Sample {
  const { messages, messagesPerS, bytesPerS, p50Us, p99Us, p999Us, elapsedS, missed } = result
  const { serverCpuS, coreCpuS, loadCpuS } = result
  const memory = cell.measuresMemory && {
    bytesPerConnection: (connected.rssBytes - alone.rssBytes) / cell.connections,
  }
  return {
    ...{ messagesPerS, bytesPerS, p50Us, p99Us, p999Us, missed },
    /** Of the bridge's CPU, without its core's: what others take of the machine hardly shows in it. */
    messagesPerCpuS: messages / serverCpuS,
    cpuUsPerMessage: (serverCpuS * 1e6) / messages,
    /** For each gigabyte of samples that went there and back. */
    cpuSPerGB: serverCpuS / ((bytesPerS * elapsedS) / 1e9),
    /** Of one CPU. */
    serverCpuShare: serverCpuS / elapsedS,
    coreCpuShare: coreCpuS / elapsedS,
    loadCpuShare: loadCpuS / elapsedS,
    loadMessagesPerCpuS: messages / loadCpuS,
    waitedShare: waitedShare(connected, loaded),
    aloneRssBytes: alone.rssBytes,
    connectedRssBytes: connected.rssBytes,
    loadedRssBytes: loaded.rssBytes,
    ...memory,
  }
}
