/**
 * A thread of the tests of the MPSC ring that writes.
 *
 * Every message is its producer, its sequence and a filling that follows from both, so that the
 * reader can tell whether it is whole.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { MpscRing } from '../../src/shm/mpsc-ring.ts'
import { MpscRingProducer } from '../../src/shm/mpsc-ring-producer.ts'

export interface ThreadOrder {
  readonly ring: MpscRing
  /** A word that changes when there may be room. */
  readonly room: Int32Array
  readonly producer: number
  /** Messages to write; then the thread ends. */
  readonly count: number
  /** The longest filling in bytes. */
  readonly fillingBytesMax: number
  /** After the last message the thread claims, says so, and never commits. */
  readonly claimsAtEnd: boolean
}

/** What the thread says. */
export type ThreadNews = 'bell' | 'claimed'

const HEADER_BYTES = 8

/** The filling of a message: how long it is and the byte that it is full of. */
export function fillingOf(producer: number, sequence: number, fillingBytesMax: number) {
  const hash = Math.imul(sequence + 1, 2654435761 + 2 * producer) >>> 0
  return { bytes: (hash >>> 8) % (fillingBytesMax + 1), byte: hash & 0xff }
}

/** The producer and the sequence of a message; throws where the message is not whole. */
export function checkMessage(
  bytes: Uint8Array,
  offset: number,
  length: number,
  fillingBytesMax: number,
) {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, length)
  const producer = view.getUint32(0, true)
  const sequence = view.getUint32(4, true)
  const filling = fillingOf(producer, sequence, fillingBytesMax)
  const isWhole =
    length === HEADER_BYTES + filling.bytes &&
    bytes.subarray(offset + HEADER_BYTES, offset + length).every((byte) => byte === filling.byte)
  if (!isWhole) throw new Error(`message ${sequence} of ${producer} is damaged: ${length} bytes`)
  return { producer, sequence }
}

if (parentPort !== null) produce(workerData as ThreadOrder, (news) => parentPort?.postMessage(news))

function produce(order: ThreadOrder, tell: (news: ThreadNews) => void): void {
  const { ring, room, producer, count, fillingBytesMax, claimsAtEnd } = order
  const end = new MpscRingProducer(ring)
  const header = new Uint8Array(HEADER_BYTES)
  const view = new DataView(header.buffer)
  const filling = new Uint8Array(fillingBytesMax)
  view.setUint32(0, producer, true)
  for (let sequence = 0; sequence < count; sequence++) {
    const { bytes, byte } = fillingOf(producer, sequence, fillingBytesMax)
    view.setUint32(4, sequence, true)
    filling.fill(byte, 0, bytes)
    for (;;) {
      const seen = Atomics.load(room, 0)
      const isWritten = end.write(producer, header, filling.subarray(0, bytes))
      if (end.shouldRing()) tell('bell')
      if (isWritten) break
      Atomics.wait(room, 0, seen)
    }
  }
  if (!claimsAtEnd) return
  end.claim(fillingBytesMax)
  tell('claimed')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}
