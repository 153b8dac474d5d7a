/** One kind of traffic that every contender is measured under. */
export interface Cell {
  /** As `--cells` takes it. */
  readonly name: string
  readonly title: string
  readonly connections: number
  /** Connections that have a stream; the others are open and silent. */
  readonly active: number
  /** Of a block, in one channel of 32-bit floats. */
  readonly samples: number
  /** Blocks on their way, at most, for each active connection. */
  readonly depth: number
  /** Blocks a second on all connections together. Default: the next when one has come back. */
  readonly rate?: number
  /** Of the active, those that send and do not read. */
  readonly slow?: number
  /** What the core does. */
  readonly work: 'none' | 'gain' | 'biquads'
  readonly corePolls?: true
  /** Whether those are measured as well that poll for events. */
  readonly isBusyPolled?: true
  /** Whether there are enough connections to say what memory one takes. */
  readonly measuresMemory?: true
}

const one = { connections: 1, active: 1, samples: 64, depth: 1, work: 'none' } as const
const fifty = { ...one, connections: 50, active: 50 }

export const CELLS: readonly Cell[] = [
  {
    ...one,
    ...{ name: 'latency', title: '1 client, 64 samples, the core polls' },
    ...{ corePolls: true, isBusyPolled: true },
  },
  {
    ...one,
    ...{ name: 'latency-asleep', title: '1 client, 64 samples, the core sleeps' },
    isBusyPolled: true,
  },
  { ...one, name: 'gain', title: '1 client, 64 samples, a gain', work: 'gain' },
  { ...one, name: 'biquads', title: '1 client, 64 samples, ten biquads', work: 'biquads' },
  { ...fifty, name: 'clients-50', title: '50 clients, 64 samples' },
  {
    ...{ name: 'small', title: '10 clients, 16 samples (64 B), 64 in flight' },
    ...{ connections: 10, active: 10, samples: 16, depth: 64, work: 'none' },
  },
  {
    ...{ name: 'blocks', title: '4 clients, 4,096 samples (16 KiB), 8 in flight' },
    ...{ connections: 4, active: 4, samples: 4096, depth: 8, work: 'none' },
  },
  {
    ...fifty,
    ...{ name: 'rate-50k', title: '50 clients, 64 samples, 50,000 blocks a second' },
    ...{ rate: 50_000, depth: 64 },
  },
  {
    ...{ name: 'filtered', title: '10 clients, 256 samples, ten biquads, 8 in flight' },
    ...{ connections: 10, active: 10, samples: 256, depth: 8, work: 'biquads' },
  },
  {
    ...fifty,
    ...{ name: 'slow', title: '51 clients, 64 samples, one of them does not read' },
    ...{ connections: 51, active: 51, slow: 1 },
  },
  {
    ...fifty,
    name: 'clients-100',
    title: '100 clients, 64 samples',
    connections: 100,
    active: 100,
  },
  {
    ...fifty,
    ...{ name: 'open-1000', title: '1,000 clients, 50 with a stream, 64 samples' },
    ...{ connections: 1000, measuresMemory: true },
  },
]

/** Enough to see every kind of traffic work, and to connect in no time. */
const QUICK_CONNECTIONS_MAX = 60
/** What every contender can do on a machine that does much else. */
const QUICK_RATE_MAX = 500

/** The same kind of traffic with few connections. */
export function quickCell(cell: Cell): Cell {
  const connections = Math.min(cell.connections, QUICK_CONNECTIONS_MAX)
  return {
    ...cell,
    connections,
    active: Math.min(cell.active, connections),
    ...(cell.rate !== undefined && { rate: Math.min(cell.rate, QUICK_RATE_MAX) }),
  }
}
