/** A ring of many producers whose ends are all the test's. */
import { MPSC_HEADER_BYTES, MpscGeometry } from '../../src/shm/mpsc-geometry.ts'
import { createMpscRing, formatMpscRing } from '../../src/shm/mpsc-ring.ts'
import { MpscRingConsumer } from '../../src/shm/mpsc-ring-consumer.ts'
import { MpscRingProducer } from '../../src/shm/mpsc-ring-producer.ts'
import { LIMITS, MPSC_SLOT_BYTES } from '../../src/shm/shared-mem.ts'

/** Of every ring here, in bytes, and its slots. */
export const CAPACITY = LIMITS.RING_CAPACITY_MIN
export const SLOTS = CAPACITY / MPSC_SLOT_BYTES
/** Whatever is there. */
export const ALL = Number.MAX_SAFE_INTEGER
/** The longest payload in one slot. */
export const SMALL = MPSC_SLOT_BYTES - MPSC_HEADER_BYTES

/** The errors that a ring throws. */
export const DAMAGED = { code: 'ERR_CARILLON_RING_DAMAGED' }
export const ARGUMENT = { code: 'ERR_CARILLON_ARGUMENT' }

/** A ring whose positions start at `position`, with an end of each kind. */
export function newRing(position = 0) {
  const ring = createMpscRing(CAPACITY)
  formatMpscRing(ring, position)
  const geometry = new MpscGeometry(ring)
  const consumer = new MpscRingConsumer(ring)
  return { ring, geometry, words: geometry.words, consumer, producer: new MpscRingProducer(ring) }
}

export type TestRing = ReturnType<typeof newRing>

export interface Message {
  type: number
  payload: Uint8Array
}

/** What is there, copied, `limit` records at most. */
export function readAll({ consumer }: TestRing, limit = ALL): Message[] {
  const messages: Message[] = []
  consumer.read((type, bytes, offset, length) => {
    messages.push({ type, payload: bytes.slice(offset, offset + length) })
    return true
  }, limit)
  return messages
}

export const types = (messages: readonly Message[]) => messages.map(({ type }) => type)

/** What a producer leaves that dies as soon as it has moved the tail. */
export function reserveAndDie({ geometry, words }: TestRing, bytes: number) {
  Atomics.add(words, geometry.tail, bytes)
}

/** Writes until the ring is full. Returns how many records that took. */
export function fill({ producer }: TestRing, length: number = SMALL): number {
  let count = 0
  while (producer.write(count, new Uint8Array(length))) count++
  return count
}
