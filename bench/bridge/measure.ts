import { type LoadResult, runLoadProgram } from '../load-process.ts'
import {
  commonSample,
  type Durations,
  measureServer,
  type ServerFigures,
} from '../loaded-server.ts'
import type { Placement } from '../placement.ts'
import type { Sample } from '../results.ts'
import type { ReadyLine, ServerProcess } from '../server-process.ts'
import type { Cell } from './cells.ts'
import type { Contender } from './contenders.ts'
import { findCore, moveTo, untilEnded } from './core-process.ts'

/** Which CPU each of the three processes runs on. */
export interface BridgePlacement extends Placement {
  readonly core: number
}

/** What the load generator says beside the rest. */
interface BridgeLoadResult extends LoadResult {
  /** CPU time that the core took meanwhile. */
  readonly coreCpuS: number
  /** Blocks that were due and not sent, because too many were on their way. */
  readonly missed: number
}

/** One contender in one cell, in one round: a fresh bridge with a fresh core, and the load on it. */
export async function measure(
  { name, command }: Contender,
  cell: Cell,
  durations: Durations,
  placement: BridgePlacement,
  signal: AbortSignal,
): Promise<{ sample: Sample; ready: ReadyLine }> {
  let core: number | undefined
  const putLoad = async (bridge: ServerProcess, onConnected: () => void) => {
    core = findCore(name, bridge.pid)
    moveTo(placement.core, core)
    const args = loadArguments(cell, durations, bridge, core)
    const durationMs = durations.warmupMs + durations.durationMs
    const load = { program: 'bridge_load', args, durationMs }
    const surroundings = { signal, onConnected }
    return await runLoadProgram<BridgeLoadResult>(load, placement.load, surroundings)
  }
  try {
    const polls = cell.corePolls ? ['--core-polls'] : []
    const server = { name, command: [...command, ...polls], title: cell.title }
    const { result, figures, ready } = await measureServer(server, placement, signal, putLoad)
    return { sample: toSample(cell, result, figures), ready }
  } finally {
    // A core ends by itself when its bridge has. One that polls would take a CPU of the next.
    if (core !== undefined) await untilEnded(core)
  }
}

function loadArguments(
  cell: Cell,
  { warmupMs, durationMs }: Durations,
  { ready: { port }, pid }: ServerProcess,
  core: number,
): string[] {
  const { connections, active, samples, depth, rate = 0, slow = 0, work } = cell
  const numbers = {
    ...{ port, connections, active, samples, depth, rate, slow },
    ...{ 'warmup-ms': warmupMs, 'duration-ms': durationMs },
    ...{ 'server-pid': pid, 'core-pid': core },
  }
  const options = Object.entries({ ...numbers, work })
  return options.flatMap(([name, value]) => [`--${name}`, String(value)])
}

/** Of the bridge's CPU, without its core's. */
function toSample(cell: Cell, result: BridgeLoadResult, figures: ServerFigures): Sample {
  const { messages, bytesPerS, elapsedS, missed, serverCpuS, coreCpuS } = result
  return {
    ...commonSample(cell, result, figures),
    missed,
    cpuUsPerMessage: (serverCpuS * 1e6) / messages,
    /** For each gigabyte of samples that went there and back. */
    cpuSPerGB: serverCpuS / ((bytesPerS * elapsedS) / 1e9),
    /** Of one CPU. */
    coreCpuShare: coreCpuS / elapsedS,
  }
}
