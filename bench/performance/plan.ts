import { fitLine } from '../least-squares.ts'
import { figuresOf, findSeries, type Results } from '../results.ts'
import { OURS } from '../scale/contenders.ts'
import { pointsOf } from '../scale/growth.ts'
import { SWEEPS } from '../scale/sweeps.ts'
import { median } from '../statistics.ts'
import { ASSUMPTIONS, type AssumptionName } from './plan-assumptions.ts'

/** What was measured, as far as the plan goes by it. Each may not have been. */
export interface MeasuredCosts {
  /** CPU of the bridge for a block of `blockSamples`, at the highest rate that it kept up with. */
  readonly bridgeUsPerBlock: number | undefined
  /** At which rate that was, on all clients together. */
  readonly atBlocksPerS: number | undefined
  /** CPU of the bridge for each byte of a longer block, there and back. */
  readonly bridgeNsPerByte: number | undefined
  /** CPU of a core for such a block, through no effect. */
  readonly coreUsPerBlock: number | undefined
  /** CPU of a core for each sample through ten biquads. */
  readonly filterNsPerSample: number | undefined
  /** CPU of an engine for a message of 64 bytes there and back, from many connections. */
  readonly brokerUsPerMessage: number | undefined
  /** Memory of the engine for an open connection. */
  readonly brokerBytesPerConnection: number | undefined
}

/** How many of something each thing allows; the least of them decides. */
export interface Capacity {
  readonly title: string
  readonly unit: string
  readonly limits: readonly { readonly what: string; readonly count: number }[]
}

type Assumed = Readonly<Record<AssumptionName, number>>

/** What is assumed, as numbers. */
export const ASSUMED = Object.fromEntries(
  Object.entries(ASSUMPTIONS).map(([name, { value }]) => [name, value]),
) as Assumed

/** The newest results of each suite, by name. */
export type ResultsBySuite = ReadonlyMap<string, Results>

/** Takes from the results what the plan needs. */
export function measuredCosts(results: ResultsBySuite): MeasuredCosts {
  const scale = results.get('scale')
  const rate = scale && atHighestRate(scale)
  return {
    bridgeUsPerBlock: rate?.bridgeUs,
    atBlocksPerS: rate?.perS,
    coreUsPerBlock: rate?.coreUs,
    bridgeNsPerByte: scale && nsPerByte(scale),
    filterNsPerSample: filterNsPerSample(results.get('bridge')),
    brokerUsPerMessage: inverse(medianOf(results.get('echo'), 'ping-pong-50', 'messagesPerCpuS')),
    brokerBytesPerConnection: medianOf(results.get('echo'), 'open-10000', 'bytesPerConnection'),
  }
}

/** What one board, one server and one broker could carry; without what was not measured. */
export function capacities(costs: MeasuredCosts, assumed: Assumed = ASSUMED): Capacity[] {
  return [
    streamsOfBoard(costs, assumed),
    streamsOfServer(costs, assumed),
    devicesOfBroker(costs, assumed),
  ].filter(({ limits }) => limits.length > 0)
}

function streamsOfBoard(costs: MeasuredCosts, a: Assumed): Capacity {
  const blocksPerS = a.sampleRateHz / a.blockSamples
  const cpuUsPerS = (a.busyShare * 1e6) / a.piSlowness
  const core = coreUsPerBlock(costs, a)
  return {
    title: 'One Pi Zero 2 W',
    unit: 'streams there and back, each through ten biquads',
    limits: [
      ...limit('CPU of Linux, for the bridge', costs.bridgeUsPerBlock, (us) => {
        return (a.piLinuxCpus * cpuUsPerS) / (us * blocksPerS)
      }),
      ...limit('CPU of the cores', core, (us) => (a.piBareCores * cpuUsPerS) / (us * blocksPerS)),
      { what: 'slots of the cores', count: a.piBareCores * a.streamsPerCore },
      // Both ways go over the same air.
      { what: 'network', count: a.piNetworkBitsPerS / (2 * bitsPerS(a)) },
    ],
  }
}

function streamsOfServer(costs: MeasuredCosts, a: Assumed): Capacity {
  const blocksPerS = a.sampleRateHz / a.blockSamples
  const processes = Math.floor(a.serverCpus / a.serverCpusPerProcess)
  const cores = processes * a.serverCoresPerProcess
  const cpuUsPerS = a.busyShare * 1e6
  return {
    title: 'One server',
    unit: 'streams there and back, each through ten biquads',
    limits: [
      ...limit('CPU of the bridges', costs.bridgeUsPerBlock, (us) => {
        return (processes * cpuUsPerS) / (us * blocksPerS)
      }),
      ...limit('CPU of the cores', coreUsPerBlock(costs, a), (us) => {
        return (cores * cpuUsPerS) / (us * blocksPerS)
      }),
      { what: 'slots of the cores', count: cores * a.streamsPerCore },
      { what: 'network', count: a.serverNetworkBitsPerS / bitsPerS(a) },
    ],
  }
}

function devicesOfBroker(costs: MeasuredCosts, a: Assumed): Capacity {
  const memory = costs.brokerBytesPerConnection
  return {
    title: 'A fleet behind one broker, which has one CPU of a server',
    unit: 'boards that send telemetry',
    limits: [
      // There and back is one message in and one out: what one receiver takes.
      ...limit('CPU of the engine', costs.brokerUsPerMessage, (us) => {
        return (a.busyShare * 1e6) / (us * a.deviceMessagesPerS * a.brokerReceivers)
      }),
      ...limit('memory', memory, (bytes) => {
        return a.brokerMemoryBytes / (bytes + a.brokerKernelBytesPerConnection)
      }),
    ],
  }
}

/** Of a block that has been through ten biquads: what any block takes, and what the filters do. */
function coreUsPerBlock(costs: MeasuredCosts, { blockSamples }: Assumed): number | undefined {
  const { coreUsPerBlock: block, filterNsPerSample: sample } = costs
  return block === undefined || sample === undefined
    ? undefined
    : block + (sample * blockSamples) / 1000
}

/** Of a stream, one way, on the network. */
function bitsPerS(a: Assumed): number {
  const bytes = a.blockSamples * Float32Array.BYTES_PER_ELEMENT + a.headerBytes + a.wireBytes
  return (bytes * 8 * a.sampleRateHz) / a.blockSamples
}

function limit(what: string, cost: number | undefined, countAt: (cost: number) => number) {
  return cost === undefined || !(cost > 0) ? [] : [{ what, count: countAt(cost) }]
}

function atHighestRate(scale: Results) {
  const sweep = SWEEPS.find(({ name }) => name === 'rate')
  if (sweep === undefined) return undefined
  const bridge = pointsOf(scale, sweep, OURS.name, 'cpuUsPerMessage').at(-1)
  const core = pointsOf(scale, sweep, OURS.name, 'coreCpuUsPerMessage').at(-1)
  if (bridge === undefined || core === undefined) return undefined
  return { perS: bridge.x, bridgeUs: bridge.y, coreUs: core.y }
}

/** The slope of the cost of a block over its length, every point counting by its share. */
function nsPerByte(scale: Results): number | undefined {
  const sweep = SWEEPS.find(({ name }) => name === 'samples')
  if (sweep === undefined) return undefined
  const points = pointsOf(scale, sweep, OURS.name, 'cpuUsPerMessage').map(({ x, y }) => {
    return { x: x * Float32Array.BYTES_PER_ELEMENT, y: y * 1000 }
  })
  return fitLine(points, ({ y }) => 1 / y ** 2)?.slope.value
}

/** A core's time for a block through ten biquads, over the samples of the block. */
function filterNsPerSample(bridge: Results | undefined): number | undefined {
  const share = medianOf(bridge, FILTERED.cell, 'coreCpuShare')
  const perS = medianOf(bridge, FILTERED.cell, 'messagesPerS')
  if (share === undefined || perS === undefined || !(perS > 0)) return undefined
  return (share * 1e9) / perS / FILTERED.samples
}

/** The cell of the suite `bridge` in which cores filter. */
const FILTERED = { cell: 'filtered', samples: 256 } as const

function medianOf(results: Results | undefined, cell: string, metric: string): number | undefined {
  const figures =
    results === undefined ? [] : figuresOf(findSeries(results, cell, 'carillon'), metric)
  return figures.length === 0 ? undefined : median(figures)
}

/** Of messages for each second of CPU: microseconds for each. */
function inverse(perS: number | undefined): number | undefined {
  return perS === undefined || !(perS > 0) ? undefined : 1e6 / perS
}
