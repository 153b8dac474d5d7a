/** A thread of the tests of the MPSC ring, that writes. */
import { parentPort, workerData } from 'node:worker_threads'
import type { MpscRing } from '../../src/shm/mpsc-ring.ts'
import { MpscRingProducer } from '../../src/shm/mpsc-ring-producer.ts'
import { MessageWriter } from './mpsc-message.ts'

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

const { ring, room, producer, count, fillingBytesMax, claimsAtEnd }: ThreadOrder = workerData
const tell = (news: ThreadNews) => parentPort?.postMessage(news)

const end = new MpscRingProducer(ring)
const writer = new MessageWriter(end, producer, fillingBytesMax)
while (writer.sequence < count) {
  const seen = Atomics.load(room, 0)
  const isWritten = writer.write()
  if (end.shouldRing()) tell('bell')
  if (!isWritten) Atomics.wait(room, 0, seen)
}
if (claimsAtEnd) {
  end.claim(fillingBytesMax)
  tell('claimed')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}
