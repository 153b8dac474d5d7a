import { createMpscRing } from '../shm/mpsc-ring.ts'
import { MpscRingConsumer } from '../shm/mpsc-ring-consumer.ts'
import { CLIENT_ID_BYTES, type ClientSenderHandle, SenderRecord } from './client-sender.ts'
import { SENDER_BATCH_MESSAGES, SENDER_PATIENCE_MS } from './limits.ts'
import { openSenderBell, type SenderBell } from './sender-bell.ts'

/** What an inbox does with a message. `isFramed`: it is still to be framed. */
export type SenderDelivery = (clientId: number, bytes: Buffer, isFramed: boolean) => void

/** Where the messages of other threads' `ClientSender`s arrive, in the engine's thread. */
export class SenderInbox {
  readonly handle: ClientSenderHandle

  readonly #consumer: MpscRingConsumer
  readonly #bell: SenderBell
  readonly #deliver: SenderDelivery
  #blockedAt: number | undefined
  #patience: NodeJS.Timeout | undefined
  #isOpen = true

  /** @param ringBytes a power of two from 16 KiB to 1 GiB. */
  constructor(ringBytes: number, deliver: SenderDelivery) {
    const ring = createMpscRing(ringBytes)
    this.#consumer = new MpscRingConsumer(ring)
    this.#deliver = deliver
    this.#bell = openSenderBell(() => this.#drain())
    const isClosed = new Int32Array(new SharedArrayBuffer(4))
    this.handle = { ring, bell: this.#bell.handle, isClosed }
    this.#consumer.trySleep()
  }

  get stats() {
    const { messages, full, unblocked, refused } = this.#consumer.stats
    return { messages, full, unblocked, refused }
  }

  /** Takes nothing more. What is still in the ring is lost. */
  close(): void {
    this.#isOpen = false
    // Relaxed: who sees it late has put a message where nobody looks.
    Atomics.store(this.handle.isClosed, 0, 1)
    clearTimeout(this.#patience)
    this.#bell.close()
  }

  /** A batch at a time, so that clients have their turns in between. */
  #drain(): void {
    if (!this.#isOpen) return
    this.#consumer.wake()
    const count = this.#consumer.read(this.#read, SENDER_BATCH_MESSAGES)
    if (count === SENDER_BATCH_MESSAGES || !this.#consumer.trySleep()) {
      setImmediate(() => this.#drain())
    } else {
      this.#watchBlockage()
    }
  }

  readonly #read = (type: number, bytes: Uint8Array, offset: number, length: number): undefined => {
    // Copied: the ring's memory is used again as soon as the batch is read.
    const payload = Buffer.from(bytes.subarray(offset, offset + length))
    if (length < CLIENT_ID_BYTES) return
    const isFramed = type === SenderRecord.message
    this.#deliver(payload.readDoubleLE(0), payload.subarray(CLIENT_ID_BYTES), isFramed)
  }

  /** A thread that ended between its claim and its commit must not hold up the others for ever. */
  #watchBlockage(): void {
    const { blockedAt } = this.#consumer
    if (blockedAt === undefined || this.#patience !== undefined) return
    this.#blockedAt = blockedAt
    this.#patience = setTimeout(() => {
      this.#patience = undefined
      this.#consumer.unblock(this.#blockedAt)
      this.#drain()
    }, SENDER_PATIENCE_MS)
    this.#patience.unref()
  }
}
