import { ArgumentError } from '../errors.ts'
import { roundUp, type StructType } from './layout.ts'
import {
  COMMAND,
  LIMITS,
  RecordHeader,
  RingConsumerLine,
  RingControl,
  RingProducerLine,
} from './shared-mem.ts'
import type { Memory } from './struct-view.ts'

/** Bytes of a record before its payload. */
export const HEADER_BYTES = RecordHeader.bytes

/** Records start on multiples of this, so that a header never wraps. */
export const RECORD_ALIGN = HEADER_BYTES

/** From one position to another: they run freely and are 32 bits wide, so it is modulo 2^32. */
export function distance(from: number, to: number): number {
  return (to - from) >>> 0
}

/** Bytes of a record with its header and what aligns the next one. */
export function recordBytes(payloadBytes: number): number {
  return HEADER_BYTES + roundUp(payloadBytes, RECORD_ALIGN)
}

/** The longest payload of one record: a quarter of the ring, so that four are always in flight. */
export function payloadBytesMaxOf(capacity: number): number {
  return capacity / 4 - HEADER_BYTES
}

/**
 * Whether a record of `bytes` in all can lie `toEnd` bytes before the end of the data: padding fills
 * the end, and no other record passes it or is longer than the longest.
 */
export function fitsBeforeEnd(
  type: number,
  length: number,
  bytes: number,
  toEnd: number,
  payloadBytesMax: number,
): boolean {
  return type === COMMAND.PADDING ? bytes === toEnd : length <= payloadBytesMax && bytes <= toEnd
}

/** Whether a ring may have this capacity: a power of two within the limits, in bytes. */
export function isCapacity(bytes: number): boolean {
  return (
    // Before the rest: a string of digits would pass for a number until it is added to one.
    Number.isInteger(bytes) &&
    bytes >= LIMITS.RING_CAPACITY_MIN &&
    bytes <= LIMITS.RING_CAPACITY_MAX &&
    Number.isInteger(Math.log2(bytes))
  )
}

/** @throws {ArgumentError} where a ring cannot have this capacity. */
export function checkCapacity(bytes: number): void {
  if (isCapacity(bytes)) return
  throw new ArgumentError(
    `a ring's capacity is a power of two from ${LIMITS.RING_CAPACITY_MIN} to ${LIMITS.RING_CAPACITY_MAX} bytes, not ${bytes}`,
  )
}

/**
 * Checks that a ring's control and its data behind it lie in the memory, with `betweenBytes` between
 * the two.
 *
 * @throws {ArgumentError} where they do not, or a ring cannot have this capacity.
 */
export function checkFits(
  bytes: Uint8Array,
  offset: number,
  control: StructType,
  capacity: number,
  betweenBytes = 0,
): void {
  checkCapacity(capacity)
  const end = offset + control.bytes + betweenBytes + capacity
  if (offset >= 0 && offset % control.align === 0 && end <= bytes.byteLength) return
  throw new ArgumentError(
    `a ring of ${capacity} bytes does not fit at ${offset} of ${bytes.byteLength} bytes`,
  )
}

/** @throws {ArgumentError} where a reader can take no such number of records, Infinity among them. */
export function checkLimit(records: number): void {
  if (typeof records === 'number' && records >= 0) return
  throw new ArgumentError(`a reader takes a number of records from 0 on, not ${String(records)}`)
}

/** Where a ring lies and what fits in it. */
export class RingGeometry {
  readonly memory: Memory
  /** Bytes from the start of the memory to the ring's data. */
  readonly data: number
  readonly capacity: number
  readonly payloadBytesMax: number
  /** As many records as the ring can hold: each is a header at least. */
  readonly recordsMax: number
  /** Indices into the words of the memory: the producer's line, then the consumer's. */
  readonly tail: number
  readonly producerWaiting: number
  readonly records: number
  readonly full: number
  readonly head: number
  readonly consumerWaiting: number
  readonly consumed: number

  /** @throws {ArgumentError} where the ring does not fit, or its capacity is out of range. */
  constructor(memory: Memory, offset: number, capacity: number) {
    checkFits(memory.bytes, offset, RingControl, capacity)
    this.memory = memory
    this.data = offset + RingControl.bytes
    this.capacity = capacity
    this.payloadBytesMax = payloadBytesMaxOf(capacity)
    this.recordsMax = capacity / HEADER_BYTES
    const producer = offset + RingControl.offsets.producer
    const consumer = offset + RingControl.offsets.consumer
    this.tail = (producer + RingProducerLine.offsets.tail) / 4
    this.producerWaiting = (producer + RingProducerLine.offsets.waiting) / 4
    this.records = (producer + RingProducerLine.offsets.records) / 4
    this.full = (producer + RingProducerLine.offsets.full) / 4
    this.head = (consumer + RingConsumerLine.offsets.head) / 4
    this.consumerWaiting = (consumer + RingConsumerLine.offsets.waiting) / 4
    this.consumed = (consumer + RingConsumerLine.offsets.records) / 4
  }
}
