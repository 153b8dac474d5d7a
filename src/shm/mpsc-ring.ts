import { ArgumentError } from '../errors.ts'
import { MpscGeometry, mpscMarksBytes } from './mpsc-geometry.ts'
import { checkCapacity } from './ring-geometry.ts'
import { MPSC_MAGIC, MPSC_SLOT_BYTES, MpscControl } from './shared-mem.ts'

/**
 * Where a ring of many producers and one consumer lies. Plain data: hand it to a thread by
 * `postMessage` or `workerData`, and make a {@link MpscRingProducer} of it there.
 */
export interface MpscRing {
  /**
   * The memory. Over a SharedArrayBuffer all threads that get it share it. Over a mapped file each
   * thread or process maps the file itself: a copy of such bytes is a memory of its own.
   */
  readonly bytes: Uint8Array
  /** Where the ring starts in it, in bytes: a multiple of a cache line (64). */
  readonly offset: number
  /** Bytes of data, a power of two from 16 KiB to 1 GiB. */
  readonly capacity: number
}

/**
 * Bytes of memory that a ring takes: the lines that control it, its marks and its data.
 *
 * @throws {ArgumentError} where the capacity is out of range.
 */
export function mpscRingBytes(capacity: number): number {
  checkCapacity(capacity)
  return MpscControl.bytes + mpscMarksBytes(capacity) + capacity
}

/**
 * Makes a ring for the threads of this process.
 *
 * @param capacity bytes of data, a power of two from 16 KiB to 1 GiB.
 * @throws {ArgumentError} where the capacity is out of range.
 */
export function createMpscRing(capacity: number): MpscRing {
  const bytes = new Uint8Array(new SharedArrayBuffer(mpscRingBytes(capacity)))
  const ring = { bytes, offset: 0, capacity }
  formatMpscRing(ring)
  return ring
}

/**
 * Makes an empty ring of whatever the memory holds. Only while nobody uses it.
 *
 * @param position where the positions start: a multiple of 64 below 2^32. Default 0.
 * @throws {ArgumentError} where the ring does not fit, or a number is out of range.
 */
export function formatMpscRing(ring: MpscRing, position = 0): void {
  const geometry = new MpscGeometry(ring)
  if (!(position >= 0 && position < 2 ** 32 && position % MPSC_SLOT_BYTES === 0)) {
    throw new ArgumentError(
      `a ring starts at a multiple of ${MPSC_SLOT_BYTES} below 2^32, not at ${position}`,
    )
  }
  const { words, magic, capacityWord, data, capacity } = geometry
  // Relaxed, and plain for the marks: nobody looks before the magic.
  Atomics.store(words, magic, 0)
  words.fill(0, magic, data / 4)
  for (let ahead = 0; ahead < capacity; ahead += MPSC_SLOT_BYTES) {
    words[geometry.markAt(position + ahead)] = geometry.emptyMark(position + ahead)
  }
  Atomics.store(words, geometry.tail, position)
  Atomics.store(words, geometry.head, position)
  Atomics.store(words, capacityWord, capacity)
  // Release: all of the above is seen by who finds the magic.
  Atomics.store(words, magic, MPSC_MAGIC)
}
