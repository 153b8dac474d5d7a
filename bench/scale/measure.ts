import { errorMessage } from '../../src/errors.ts'
import { untilEnded } from '../bridge/core-process.ts'
import { BenchError } from '../errors.ts'
import { type LoadResult, runLoadProgram } from '../load-process.ts'
import type { Durations } from '../loaded-server.ts'
import type { Placement } from '../placement.ts'
import { type ProcessFigures, waitedShare } from '../process-figures.ts'
import type { Sample } from '../results.ts'
import { ServerProcess } from '../server-process.ts'
import type { Contender } from './contenders.ts'
import { cpuSeconds, placeCores } from './core-processes.ts'
import type { Traffic } from './sweeps.ts'

/** Which CPUs the processes run on. */
export interface ScalePlacement extends Placement {
  /** At least one. */
  readonly cores: readonly number[]
}

/** What the load generator says beside the rest. */
interface BridgeLoadResult extends LoadResult {
  readonly messages: number
  /** CPU time that the first core took meanwhile. */
  readonly coreCpuS: number
  /** Blocks that were due and not sent, because too many were on their way. */
  readonly missed: number
}

/** One contender at one point of a curve, in one round: a fresh bridge with fresh cores. */
export async function measure(
  contender: Contender,
  traffic: Traffic,
  durations: Durations,
  placement: ScalePlacement,
  signal: AbortSignal,
): Promise<Sample> {
  const { name } = contender
  const command = contender.commandFor(traffic.cores)
  const server = await ServerProcess.start(name, command, placement.server, signal)
  let cores: number[] = []
  try {
    cores = placeCores(name, server.pid, traffic.cores, placement.cores)
    const look = () => ({ server: server.figures(), coresCpuS: cores.map(cpuSeconds) })
    const alone = look()
    let connected = alone
    const durationMs = durations.warmupMs + durations.durationMs
    const args = loadArguments(traffic, durations, server, cores[0] ?? 0)
    const result = await runLoadProgram<BridgeLoadResult>(
      { program: 'bridge_load', args, durationMs },
      placement.load,
      {
        signal,
        onConnected: () => {
          connected = look()
        },
      },
    )
    return toSample(traffic, result, alone, connected, look())
  } catch (cause) {
    signal.throwIfAborted()
    throw new BenchError(
      'ERR_CARILLON_BENCH_SERVER',
      `${name}: ${errorMessage(cause)}${server.ending}`,
      { cause },
    )
  } finally {
    await server.stop()
    // A core ends by itself when its bridge has. Until then it takes CPU of the next one.
    await Promise.all(cores.map(untilEnded))
  }
}

function loadArguments(
  { connections, active, samples, depth, rate = 0, work }: Traffic,
  { warmupMs, durationMs }: Durations,
  { ready, pid }: ServerProcess,
  firstCore: number,
): string[] {
  const options = {
    ...{ port: ready.port, connections, active, samples, depth, rate, work },
    ...{ 'warmup-ms': warmupMs, 'duration-ms': durationMs },
    ...{ 'server-pid': pid, 'core-pid': firstCore },
  }
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
}

/** What the system says of the bridge and its cores at one time. */
interface Look {
  readonly server: ProcessFigures
  /** Of each core, in order. */
  readonly coresCpuS: readonly number[]
}

function toSample(
  { connections, measuresMemory }: Traffic,
  result: BridgeLoadResult,
  alone: Look,
  connected: Look,
  loaded: Look,
): Sample {
  const { messages, messagesPerS, bytesPerS, p50Us, p99Us, p999Us, elapsedS, missed } = result
  const { serverCpuS, loadCpuS } = result
  const coreCpuS = result.coreCpuS * ofAllCores(connected, loaded)
  return {
    ...{ messagesPerS, bytesPerS, p50Us, p99Us, p999Us, missed },
    messagesPerCpuS: messages / serverCpuS,
    /** Of the bridge's process, without its cores. */
    cpuUsPerMessage: (serverCpuS * 1e6) / messages,
    /** Of all cores together. */
    coreCpuUsPerMessage: (coreCpuS * 1e6) / messages,
    /** Of one CPU. */
    serverCpuShare: serverCpuS / elapsedS,
    coreCpuShare: coreCpuS / elapsedS,
    loadCpuShare: loadCpuS / elapsedS,
    waitedShare: waitedShare(connected.server, loaded.server),
    loadedRssBytes: loaded.server.rssBytes,
    ...(measuresMemory && {
      bytesPerConnection: (connected.server.rssBytes - alone.server.rssBytes) / connections,
    }),
  }
}

/**
 * CPU time of all cores over that of the first. The load generator sees the first one's while it
 * measures; how the others' compare to it is seen from when all were connected to the end.
 */
function ofAllCores({ coresCpuS: before }: Look, { coresCpuS: after }: Look): number {
  const taken = after.map((seconds, core) => seconds - (before[core] ?? 0))
  const [first = 0] = taken
  const all = taken.reduce((sum, each) => sum + each, 0)
  return first > 0 ? all / first : 1
}
