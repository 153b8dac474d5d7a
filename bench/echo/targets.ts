import type { CONTENDERS } from './contenders.ts'

type Contender = (typeof CONTENDERS)[number]['name']

/** What this project wants to reach. */
export type Target =
  | {
      /** So many times the throughput of a peer in the same cell. */
      readonly kind: 'ratio'
      readonly cell: string
      readonly contender: Contender
      readonly peer: Contender
      readonly atLeast: number
    }
  | {
      /** So much of the throughput that it has itself in another cell. */
      readonly kind: 'unchanged'
      readonly cell: string
      readonly contender: Contender
      readonly from: string
      readonly atLeast: number
    }
  | {
      /** So little memory for each open connection. */
      readonly kind: 'memory'
      readonly cell: string
      readonly contender: Contender
      readonly bytesAtMost: number
    }

const ours = { contender: 'carillon' } as const
const overEpoll = { ...ours, kind: 'ratio', peer: 'c-epoll' } as const
const overNet = { ...ours, kind: 'ratio', peer: 'node-net' } as const

export const TARGETS: readonly Target[] = [
  { ...overEpoll, cell: 'ping-pong-1', atLeast: 0.85 },
  { ...overEpoll, contender: 'carillon-busy', cell: 'ping-pong-1', atLeast: 1.2 },
  { ...overNet, cell: 'ping-pong-1', atLeast: 1.1 },
  { ...overEpoll, cell: 'ping-pong-50', atLeast: 1.0 },
  { ...overNet, cell: 'ping-pong-50', atLeast: 2 },
  { ...overEpoll, cell: 'pipelined', atLeast: 0.9 },
  { ...overNet, cell: 'pipelined', atLeast: 2 },
  { ...overEpoll, cell: 'bulk', atLeast: 1.0 },
  { ...overNet, cell: 'bulk', atLeast: 1.8 },
  { ...ours, kind: 'unchanged', cell: 'open-1000', from: 'ping-pong-50', atLeast: 0.9 },
  { ...ours, kind: 'unchanged', cell: 'open-10000', from: 'open-1000', atLeast: 0.9 },
  { ...ours, kind: 'memory', cell: 'open-10000', bytesAtMost: 2048 },
]
