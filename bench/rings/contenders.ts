import { join } from 'node:path'
import { builtProgram, REPOSITORY } from '../programs.ts'
import { ONE_WAY, ROUND_TRIP, ROUND_TRIP_ASLEEP } from './cells.ts'
import { MESSAGES_PER_TURN_MAX } from './message.ts'

/** A way for messages between two sides, each of which is a command that gets its role behind it. */
export interface Contender {
  readonly name: string
  /** The side that sends, or answers. Without one the other side makes it itself, as a thread. */
  readonly partner?: readonly string[]
  /** The side that receives, or calls, and measures. */
  readonly driver: readonly string[]
  /** Options of the side that sends. */
  readonly sending?: readonly string[]
}

interface ListedContender extends Contender {
  readonly isOurs: boolean
  readonly cells: readonly string[]
}

const everywhere = [ONE_WAY, ROUND_TRIP, ROUND_TRIP_ASLEEP]

const RING_IN_C = [builtProgram('ring_carillon')]
const RING_IN_TYPESCRIPT = [process.execPath, join(REPOSITORY, 'dist/bench/rings/ring-process.js')]
const RINGBUF = [process.execPath, join(REPOSITORY, 'dist/bench/rings/ringbuf-process.js')]
const SLOTS = [builtProgram('ring_slots')]
const SOCKET = [builtProgram('ring_socket')]

/** As many as ringbuf.js and every receiver handle together. */
const batched = { sending: ['--batch', String(MESSAGES_PER_TURN_MAX)] }
const ours = { isOurs: true, ...batched }
const theirs = { isOurs: false }

/** Ours are named for the language of the side that sends, or calls, and of the other one. */
export const CONTENDERS = [
  {
    ...{ name: 'carillon-c-c', ...ours, cells: everywhere },
    ...{ partner: RING_IN_C, driver: RING_IN_C },
  },
  {
    ...{ name: 'carillon-ts-ts', ...ours, cells: [ONE_WAY] },
    ...{ partner: RING_IN_TYPESCRIPT, driver: RING_IN_TYPESCRIPT },
  },
  {
    ...{ name: 'carillon-ts-c', ...ours, cells: [ONE_WAY] },
    ...{ partner: RING_IN_TYPESCRIPT, driver: RING_IN_C },
  },
  {
    ...{ name: 'carillon-c-ts', ...ours, cells: [ONE_WAY] },
    ...{ partner: RING_IN_C, driver: RING_IN_TYPESCRIPT },
  },
  {
    ...{ name: 'carillon-ts-c', ...ours, cells: [ROUND_TRIP, ROUND_TRIP_ASLEEP] },
    ...{ partner: RING_IN_C, driver: RING_IN_TYPESCRIPT },
  },
  {
    ...{ name: 'cpp-slots', ...theirs, cells: everywhere },
    ...{ partner: SLOTS, driver: SLOTS },
  },
  { ...{ name: 'ringbuf.js', ...theirs, cells: [ONE_WAY] }, driver: RINGBUF },
  {
    ...{ name: 'socket', ...theirs, cells: everywhere },
    ...{ partner: SOCKET, driver: SOCKET },
  },
  {
    ...{ name: 'socket-batched', ...theirs, cells: [ONE_WAY] },
    ...{ partner: SOCKET, driver: SOCKET, ...batched },
  },
] as const satisfies readonly ListedContender[]

/** What all others are measured by: as much as this machine can do. It is in every cell. */
export const YARDSTICK = 'cpp-slots'
