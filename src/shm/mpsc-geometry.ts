import { ArgumentError } from '../errors.ts'
import { refuseDevice } from './device-memory.ts'
import { RingError } from './errors.ts'
import type { MpscRing } from './mpsc-ring.ts'
import { checkWritable } from './read-only-memory.ts'
import { checkCapacity, checkFits } from './ring-geometry.ts'
import {
  MPSC_MAGIC,
  MPSC_SLOT_BYTES,
  MpscConsumerLine,
  MpscControl,
  MpscCounterLine,
  MpscHeader,
  MpscProducerLine,
  MpscRecordHeader,
} from './shared-mem.ts'
import { memoryOver } from './struct-view.ts'

/** Bytes of a record before its payload. */
export const MPSC_HEADER_BYTES = MpscRecordHeader.bytes

/** Indices of a record header's words. */
export const LENGTH_WORD = MpscRecordHeader.offsets.length / 4
export const TYPE_WORD = MpscRecordHeader.offsets.type / 4

/** A place over the bytes of a slot, without a division. */
const SLOT_SHIFT = Math.log2(MPSC_SLOT_BYTES)

/** The bits of a mark that hold its state; the number of slots begins above them. */
export const STATE_BITS = 2
export const STATE_MASK = (1 << STATE_BITS) - 1

/** Bytes of the marks of a ring, which lie between its control and its data. */
export function mpscMarksBytes(capacity: number): number {
  return (capacity / MPSC_SLOT_BYTES) * 4
}

/**
 * Where a ring for many producers lies, and what its marks mean.
 *
 * Each slot has a mark, a word of its own beside the data. That of a free slot is the lap in which it
 * may be claimed next: the position with the bits below the capacity cut off. In those bits a record
 * has its slots and its state. So a mark says which position it was made for, and a compare-and-swap
 * by a producer that comes too late fails, until exactly 2^32 bytes have gone through the ring.
 */
export class MpscGeometry {
  readonly bytes: Uint8Array
  readonly words: Int32Array
  /** Bytes from the start of the memory to the ring's data. */
  readonly data: number
  readonly capacity: number
  /** The longest record with its header: a quarter, so that it fits an empty ring at any place. */
  readonly recordBytesMax: number
  /** Indices into the words of the memory. */
  readonly magic: number
  readonly capacityWord: number
  readonly tail: number
  readonly full: number
  readonly overtaken: number
  readonly refused: number
  readonly head: number
  readonly waiting: number
  readonly sleeps: number
  readonly heartbeat: number
  /** Cuts a position down to its lap. */
  readonly #lapMask: number
  readonly #placeMask: number
  readonly #marks: number

  /**
   * @throws {ArgumentError} where the ring does not fit, its capacity is out of range, or it lies in a
   *   device's memory.
   * @throws {RegionError} `ERR_CARILLON_REGION_READ_ONLY`.
   */
  constructor(ring: MpscRing) {
    if (ring?.bytes === undefined) {
      throw new ArgumentError('this is no ring: createMpscRing makes one')
    }
    const { bytes, offset, capacity } = ring
    checkWritable(bytes)
    refuseDevice(bytes, 'an MpscRing')
    checkCapacity(capacity)
    const marksBytes = mpscMarksBytes(capacity)
    checkFits(bytes, offset, MpscControl, capacity, marksBytes)
    this.bytes = bytes
    this.words = memoryOver(bytes).words
    this.data = offset + MpscControl.bytes + marksBytes
    this.capacity = capacity
    this.recordBytesMax = capacity / 4
    this.#lapMask = -capacity
    this.#placeMask = capacity - 1
    this.#marks = (offset + MpscControl.bytes) / 4
    const header = offset + MpscControl.offsets.header
    const producers = offset + MpscControl.offsets.producers
    const counters = offset + MpscControl.offsets.counters
    const consumer = offset + MpscControl.offsets.consumer
    this.magic = (header + MpscHeader.offsets.magic) / 4
    this.capacityWord = (header + MpscHeader.offsets.capacity) / 4
    this.tail = (producers + MpscProducerLine.offsets.tail) / 4
    this.full = (counters + MpscCounterLine.offsets.full) / 4
    this.overtaken = (counters + MpscCounterLine.offsets.overtaken) / 4
    this.refused = (counters + MpscCounterLine.offsets.refused) / 4
    this.head = (consumer + MpscConsumerLine.offsets.head) / 4
    this.waiting = (consumer + MpscConsumerLine.offsets.waiting) / 4
    this.sleeps = (consumer + MpscConsumerLine.offsets.sleeps) / 4
    this.heartbeat = (consumer + MpscConsumerLine.offsets.heartbeat) / 4
  }

  /** The longest payload of one record, in bytes: a quarter of the capacity less the header. */
  get maxMessageBytes(): number {
    return this.recordBytesMax - MPSC_HEADER_BYTES
  }

  /** @throws {RingError} where no ring of this capacity was formatted here. */
  checkFormatted(): void {
    // Acquire: the magic is stored after everything else.
    const magic = Atomics.load(this.words, this.magic) >>> 0
    const capacity = Atomics.load(this.words, this.capacityWord) >>> 0
    if (magic === MPSC_MAGIC && capacity === this.capacity) return
    throw new RingError(
      `no ring for many producers of ${this.capacity} bytes was formatted here: magic 0x${magic.toString(16)}, ${capacity} bytes`,
    )
  }

  /** Bytes from the start of the ring's data. */
  placeOf(position: number): number {
    return position & this.#placeMask
  }

  /** Index of a slot's mark in the words. */
  markAt(position: number): number {
    return this.#marks + ((position & this.#placeMask) >>> SLOT_SHIFT)
  }

  /** Index of a record's header in the words. */
  headerAt(position: number): number {
    return (this.data + (position & this.#placeMask)) >>> 2
  }

  /** The mark of a slot that may be claimed at this position. */
  emptyMark(position: number): number {
    return position & this.#lapMask
  }

  /** The mark of a record at this position. */
  mark(position: number, recordBytes: number, state: number): number {
    return this.emptyMark(position) | ((recordBytes / MPSC_SLOT_BYTES) << STATE_BITS) | state
  }

  /** Bytes of the record that a mark of this position stands for; 0 of a free slot. */
  recordBytes(mark: number): number {
    return ((mark & this.#placeMask) >>> STATE_BITS) * MPSC_SLOT_BYTES
  }
}
