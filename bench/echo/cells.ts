import type { Load } from '../load-process.ts'

/** One kind of traffic that every contender is measured under. */
export interface Cell extends Pick<Load, 'connections' | 'active' | 'messageBytes' | 'depth'> {
  /** As `--cells` takes it. */
  readonly name: string
  readonly title: string
  /** Whether this project is measured with busy-polling as well. */
  readonly isBusyPolled?: true
  /** Whether there are enough connections to say what memory one takes. */
  readonly measuresMemory?: true
}

const pingPong = { messageBytes: 64, depth: 1 }

export const CELLS: readonly Cell[] = [
  {
    ...pingPong,
    ...{ name: 'ping-pong-1', title: '1 connection, 64 B ping-pong' },
    ...{ connections: 1, active: 1, isBusyPolled: true },
  },
  {
    ...pingPong,
    ...{ name: 'ping-pong-50', title: '50 connections, 64 B ping-pong' },
    ...{ connections: 50, active: 50 },
  },
  {
    ...{ name: 'pipelined', title: '10 connections, 64 B, 64 in flight' },
    ...{ connections: 10, active: 10, messageBytes: 64, depth: 64 },
  },
  {
    ...{ name: 'bulk', title: '4 connections, 16 KiB, 8 in flight' },
    ...{ connections: 4, active: 4, messageBytes: 16 * 1024, depth: 8 },
  },
  {
    ...pingPong,
    ...{ name: 'open-100', title: '100 connections, 50 active, 64 B ping-pong' },
    ...{ connections: 100, active: 50 },
  },
  {
    ...pingPong,
    ...{ name: 'open-1000', title: '1,000 connections, 50 active, 64 B ping-pong' },
    ...{ connections: 1000, active: 50, measuresMemory: true },
  },
  {
    ...pingPong,
    ...{ name: 'open-10000', title: '10,000 connections, 50 active, 64 B ping-pong' },
    ...{ connections: 10_000, active: 50, measuresMemory: true },
  },
]

/** Enough to see every kind of traffic work, and to connect in no time. */
const QUICK_CONNECTIONS_MAX = 300

/** The same kind of traffic with few connections. */
export function quickCell(cell: Cell): Cell {
  const connections = Math.min(cell.connections, QUICK_CONNECTIONS_MAX)
  return { ...cell, connections, active: Math.min(cell.active, connections) }
}
