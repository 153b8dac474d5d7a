import type { CONTENDERS } from './contenders.ts'

type Contender = (typeof CONTENDERS)[number]['name']

/** A figure of a contender over the same figure of a peer in the same cell. */
interface Ratio {
  readonly cell: string
  readonly metric: 'messagesPerS' | 'p50Us' | 'p99Us' | 'cpuUsPerMessage'
  readonly contender: Contender
  readonly peer: Contender
}

/** What this project wants to reach. */
export type Target = Ratio & ({ readonly atLeast: number } | { readonly atMost: number })

const ours = { contender: 'carillon' } as const
const latency = { ...ours, cell: 'latency', metric: 'p50Us' } as const
const clients = { ...ours, cell: 'clients-50', metric: 'p99Us' } as const
const small = { ...ours, cell: 'small', metric: 'messagesPerS' } as const
const blocks = { ...ours, cell: 'blocks', metric: 'messagesPerS' } as const
const cpu = { ...ours, cell: 'rate-50k', metric: 'cpuUsPerMessage' } as const

export const TARGETS: readonly Target[] = [
  { ...latency, peer: 'c-bridge', atMost: 1.2 },
  { ...latency, contender: 'carillon-busy', peer: 'c-bridge', atMost: 0.9 },
  { ...latency, peer: 'afternoon', atMost: 0.7 },
  { ...clients, peer: 'c-bridge', atMost: 1.2 },
  { ...clients, peer: 'afternoon', atMost: 0.5 },
  { ...small, peer: 'c-bridge', atLeast: 0.8 },
  { ...small, peer: 'afternoon', atLeast: 2 },
  { ...blocks, peer: 'c-bridge', atLeast: 0.95 },
  { ...blocks, peer: 'afternoon', atLeast: 1.5 },
  { ...cpu, peer: 'c-bridge', atMost: 1.5 },
  { ...cpu, peer: 'afternoon', atMost: 0.6 },
]
