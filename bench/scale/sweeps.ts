import type { Cell } from '../bridge/cells.ts'

/** The traffic at one point of a curve: as in the suite `bridge`, through so many cores. */
export interface Traffic extends Omit<Cell, 'name' | 'title'> {
  readonly cores: number
}

/** A curve: the same traffic again and again, but for one thing of it. */
export interface Sweep {
  /** As `--cells` takes it. */
  readonly name: string
  readonly title: string
  /** What grows, as an axis is called. */
  readonly variable: string
  readonly values: readonly number[]
  trafficAt(value: number): Traffic
  /** Whether how long a block takes says something: not where the next one waits for this one. */
  readonly hasLatency: boolean
  /** Whether the bridge in C is measured as well: it has one core. */
  readonly hasPeer: boolean
}

/** Blocks a second, where that is not the question: well below what one processor can do. */
const RATE = 8192
/** Blocks on their way on one connection, at most, where they come at a rate. */
const DEPTH = 64

const steady = { samples: 64, depth: DEPTH, rate: RATE, work: 'none', cores: 1 } as const
const clients = (count: number) => ({ connections: count, active: count })

export const SWEEPS: readonly Sweep[] = [
  {
    ...{ name: 'clients', title: 'Clients with a stream, 8,192 blocks of 64 samples a second' },
    ...{ variable: 'clients', values: [1, 2, 4, 8, 16, 32, 64, 128] },
    trafficAt: (count) => ({ ...steady, ...clients(count) }),
    ...{ hasLatency: true, hasPeer: true },
  },
  {
    ...{ name: 'open', title: 'Open connections, 32 of them with a stream, 8,192 blocks a second' },
    ...{ variable: 'open connections', values: [128, 512, 2048, 8192] },
    trafficAt: (connections) => {
      return { ...steady, connections, active: 32, measuresMemory: true }
    },
    ...{ hasLatency: true, hasPeer: true },
  },
  {
    ...{ name: 'cores', title: 'Cores, 32 clients, 8,192 blocks of 64 samples a second' },
    ...{ variable: 'cores', values: [1, 2, 3, 4] },
    trafficAt: (cores) => ({ ...steady, ...clients(32), cores }),
    ...{ hasLatency: true, hasPeer: false },
  },
  {
    ...{ name: 'samples', title: 'Samples of a block, 4 clients, 4 in flight on each' },
    ...{ variable: 'samples of a block', values: [16, 64, 256, 1024, 4096, 16380] },
    trafficAt: (samples) => {
      return { ...clients(4), samples, depth: 4, work: 'none', cores: 1 }
    },
    ...{ hasLatency: false, hasPeer: true },
  },
  {
    ...{ name: 'rate', title: 'Blocks a second, 32 clients, 64 samples' },
    ...{ variable: 'blocks a second', values: [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536] },
    trafficAt: (rate) => ({ ...steady, ...clients(32), rate }),
    ...{ hasLatency: true, hasPeer: true },
  },
]

/** Of a curve in a quick run, so many points: the least that a line can be laid through. */
const QUICK_POINTS = 3
const QUICK_CONNECTIONS_MAX = 60
/** What every contender can do on a machine that does much else. */
const QUICK_RATE_MAX = 500

/** The points of a curve that are measured. */
export function measuredValues({ values }: Sweep, isQuick: boolean): readonly number[] {
  return isQuick ? values.slice(0, QUICK_POINTS) : values
}

/** The same kind of traffic, little of it. */
export function quickTraffic(traffic: Traffic): Traffic {
  const connections = Math.min(traffic.connections, QUICK_CONNECTIONS_MAX)
  return {
    ...traffic,
    connections,
    active: Math.min(traffic.active, connections),
    ...(traffic.rate !== undefined && { rate: Math.min(traffic.rate, QUICK_RATE_MAX) }),
  }
}

/** What a point of a curve is called in the results. */
export function pointName(sweep: Sweep, value: number): string {
  return `${sweep.name}-${value}`
}
