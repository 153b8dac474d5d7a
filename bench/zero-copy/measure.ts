import { randomBytes } from 'node:crypto'
import { errorMessage } from '../../src/errors.ts'
import { findCore, moveTo, untilEnded } from '../bridge/core-process.ts'
import type { BridgePlacement } from '../bridge/measure.ts'
import { BenchError } from '../errors.ts'
import { runLoadProgram } from '../load-process.ts'
import type { Durations } from '../loaded-server.ts'
import { waitedShare } from '../process-figures.ts'
import type { Sample } from '../results.ts'
import { ServerProcess } from '../server-process.ts'
import type { Cell, CopiesCell, PlacesCell, StreamCell } from './cells.ts'
import type { Contender } from './contenders.ts'
import { CopyCounts, type Counts } from './copy-counts.ts'
import { findPlaces } from './memory-places.ts'
import { sendOneBlock } from './one-block.ts'
import { STREAM_REGION_BYTES } from './stream-region.ts'

/** What every measurement has around it. */
export interface Circumstances {
  readonly durations: Durations
  readonly placement: BridgePlacement
  /** The file that is streamed. */
  readonly streamed: string
  readonly signal: AbortSignal
}

/** What `stream_sink` says. */
interface StreamResult {
  readonly bytes: number
  readonly bytesPerS: number
  readonly elapsedS: number
  readonly serverCpuS: number
  readonly loadCpuS: number
}

/** All but so little of the samples that came were seen to go into the ring, or the counter is blind. */
const SEEN_SHARE_MIN = 0.98
/** What stands before the samples of a block on the wire, at most: it goes into no ring. */
const WIRE_HEADER_BYTES_MAX = 32

/** One contender in one cell, in one round: a fresh process. */
export async function measure(
  contender: Contender,
  cell: Cell,
  circumstances: Circumstances,
): Promise<Sample> {
  try {
    switch (cell.kind) {
      case 'copies':
        return await measureCopies(contender, cell, circumstances)
      case 'places':
        return await measurePlaces(contender, cell, circumstances)
      case 'stream':
        return await measureStream(contender, cell, circumstances)
    }
  } catch (cause) {
    circumstances.signal.throwIfAborted()
    throw new BenchError(
      'ERR_CARILLON_BENCH_SERVER',
      `${contender.name}, ${cell.title}: ${errorMessage(cause)}`,
      { cause },
    )
  }
}

async function measureCopies(
  contender: Contender,
  { connections, samples, depth }: CopiesCell,
  { durations, placement, signal }: Circumstances,
): Promise<Sample> {
  const counts = new CopyCounts()
  try {
    const command = counts.counted(contender.command)
    return await withBridge(contender.name, command, placement, signal, async (bridge) => {
      let before = counts.read()
      const durationMs = durations.warmupMs + durations.durationMs
      const args = options({
        ...{ port: bridge.ready.port, connections, samples, depth },
        ...{ 'warmup-ms': durations.warmupMs, 'duration-ms': durations.durationMs },
      })
      await runLoadProgram({ program: 'bridge_load', args, durationMs }, placement.load, {
        signal,
        onConnected: () => {
          before = counts.read()
        },
      })
      return toCopies(before, counts.read(), samples * Float32Array.BYTES_PER_ELEMENT)
    })
  } finally {
    counts.remove()
  }
}

function toCopies(before: Counts, after: Counts, blockBytes: number): Sample {
  const of = (name: keyof Counts) => after[name] - before[name]
  const received = of('receivedBytes')
  const sent = of('sentBytes')
  const intoRing = of('regionBytes') / received
  const leastSeen = (SEEN_SHARE_MIN * blockBytes) / (blockBytes + WIRE_HEADER_BYTES_MAX)
  // Otherwise nobody could tell "not copied" from "not seen".
  if (!(intoRing >= leastSeen)) {
    throw new BenchError(
      'ERR_CARILLON_BENCH_SERVER',
      `only ${(intoRing * 100).toFixed(0)} % of what came in was seen to go into the ring`,
    )
  }
  return {
    receivedBytes: received,
    /** Bytes copied in user space for each that came from a socket. */
    copiesSocketToRing: of('incomingBytes') / received,
    /** The last of these copies alone. */
    copiesIntoRing: intoRing,
    /** Bytes copied in user space for each that went to a socket. */
    copiesRingToSocket: of('outgoingBytes') / sent,
    /** Of what was neither: headers, objects that are moved. For each byte that came. */
    copiesOther: of('otherBytes') / received,
    copiesShort: of('shortBytes') / received,
  }
}

async function measurePlaces(
  contender: Contender,
  { samples }: PlacesCell,
  { placement, signal }: Circumstances,
): Promise<Sample> {
  const { name, command } = contender
  return await withBridge(name, command, placement, signal, async (bridge) => {
    const block = new Uint8Array(randomBytes(samples * Float32Array.BYTES_PER_ELEMENT))
    const { shared, own } = await sendOneBlock(bridge.ready.port, block, signal, () =>
      findPlaces(bridge.pid, block),
    )
    return { placesInRegion: shared, placesElsewhere: own }
  })
}

/** Runs a bridge with its core where it belongs; both have ended when this returns. */
async function withBridge(
  name: string,
  command: readonly string[],
  placement: BridgePlacement,
  signal: AbortSignal,
  use: (bridge: ServerProcess) => Promise<Sample>,
): Promise<Sample> {
  const bridge = await ServerProcess.start(name, command, placement.server, signal)
  let core: number | undefined
  try {
    core = findCore(name, bridge.pid)
    moveTo(placement.core, core)
    return await use(bridge)
  } finally {
    await bridge.stop()
    if (core !== undefined) await untilEnded(core)
  }
}

async function measureStream(
  { name, command }: Contender,
  { blockBytes }: StreamCell,
  { durations, placement, streamed, signal }: Circumstances,
): Promise<Sample> {
  const whole = [...command, ...options({ file: streamed, block: blockBytes })]
  const server = await ServerProcess.start(name, whole, placement.server, signal)
  try {
    const { ready, pid } = server
    const before = server.figures()
    const result = await runLoadProgram<StreamResult>(
      {
        program: 'stream_sink',
        args: options({
          ...{ port: ready.port, region: STREAM_REGION_BYTES, 'server-pid': pid },
          ...{ 'warmup-ms': durations.warmupMs, 'duration-ms': durations.durationMs },
        }),
        durationMs: durations.warmupMs + durations.durationMs,
      },
      placement.load,
      { signal, onConnected: () => {} },
    )
    const { bytes, bytesPerS, elapsedS, serverCpuS, loadCpuS } = result
    return {
      bytesPerS,
      cpuSPerGB: serverCpuS / (bytes / 1e9),
      serverCpuShare: serverCpuS / elapsedS,
      loadCpuShare: loadCpuS / elapsedS,
      waitedShare: waitedShare(before, server.figures()),
    }
  } finally {
    await server.stop()
  }
}

function options(values: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)])
}
