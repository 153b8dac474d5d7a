import { RingError } from '../shm/errors.ts'
import { createMpscRing } from '../shm/mpsc-ring.ts'
import { MpscRingConsumer } from '../shm/mpsc-ring-consumer.ts'
import { CLIENT_ID_BYTES, type ClientSenderHandle, SenderRecord } from './client-sender.ts'
import {
  SENDER_BATCH_MESSAGES,
  SENDER_LOOK_MS,
  SENDER_PATIENCE_LOOKS,
  SENDER_UNRUNG_LOOK_MS,
} from './limits.ts'
import { openSenderBell, type SenderBell } from './sender-bell.ts'

/** What an inbox tells its engine. */
export interface SenderInboxHost {
  /** A message. `isToFrame`: the client's strategy has still to frame it. */
  deliver(clientId: number, bytes: Buffer, isToFrame: boolean): void
  /** A thread has damaged the ring: nothing more comes from it. */
  damaged(error: RingError): void
}

/** Where the messages of other threads' `ClientSender`s arrive, in the engine's thread. */
export class SenderInbox {
  readonly handle: ClientSenderHandle

  readonly #consumer: MpscRingConsumer
  readonly #view: DataView
  readonly #bell: SenderBell
  readonly #host: SenderInboxHost
  #malformed = 0
  #nextDrain: NodeJS.Immediate | undefined
  #nextLook: NodeJS.Timeout | undefined
  readonly #unrungLooks: NodeJS.Timeout
  #blockedAt: number | undefined
  /** How often the ring was found to be blocked there. */
  #looks = 0
  #isOpen = true

  /**
   * @param ringBytes a power of two from 16 KiB to 1 GiB.
   * @throws {DescriptorsError} where there can be no bell.
   */
  constructor(ringBytes: number, host: SenderInboxHost) {
    const ring = createMpscRing(ringBytes)
    const { buffer, byteOffset, byteLength } = ring.bytes
    this.#view = new DataView(buffer, byteOffset, byteLength)
    this.#consumer = new MpscRingConsumer(ring)
    this.#host = host
    this.#bell = openSenderBell(() => this.#drain())
    const isClosed = new Int32Array(new SharedArrayBuffer(4))
    this.handle = { ring, bell: this.#bell.handle, isClosed }
    this.#consumer.trySleep()
    this.#unrungLooks = setInterval(() => this.#lookForUnrung(), SENDER_UNRUNG_LOOK_MS)
    this.#unrungLooks.unref()
  }

  get stats() {
    const { messages, full, unblocked } = this.#consumer.stats
    return { messages, full, unblocked, malformed: this.#malformed }
  }

  /** Delivers what senders were told is queued, and nothing more. */
  close(): void {
    if (!this.#isOpen) return
    this.#shut()
    try {
      // A claim is given up at once: its thread, where it lives, finds it refused and the inbox closed.
      do while (this.#consumer.read(this.#read, SENDER_BATCH_MESSAGES) > 0);
      while (this.#consumer.unblock())
    } catch (error) {
      this.#fail(error)
    }
  }

  /** A batch at a time, so that clients have their turns in between. */
  #drain(): void {
    clearImmediate(this.#nextDrain)
    if (!this.#isOpen) return
    try {
      this.#consumer.wake()
      const count = this.#consumer.read(this.#read, SENDER_BATCH_MESSAGES)
      if (count === SENDER_BATCH_MESSAGES || !this.#consumer.trySleep()) {
        this.#nextDrain = setImmediate(() => this.#drain())
      } else if (this.#nextLook === undefined) {
        this.#watchBlockage()
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  /**
   * A thread that ended between its commit and its bell, or as it claimed, has left something that
   * nobody rings for, unless another one sends. A living thread that is met there rings in vain.
   */
  #lookForUnrung(): void {
    if (!this.#consumer.isEmpty) this.#drain()
  }

  readonly #read = (type: number, bytes: Uint8Array, offset: number, length: number): undefined => {
    const isToFrame = type === SenderRecord.message
    if (length < CLIENT_ID_BYTES || (!isToFrame && type !== SenderRecord.data)) {
      this.#malformed++
      return
    }
    const clientId = this.#view.getFloat64(offset, true)
    // Copied: the ring's memory is used again as soon as the batch is read.
    const message = Buffer.from(bytes.subarray(offset + CLIENT_ID_BYTES, offset + length))
    this.#host.deliver(clientId, message, isToFrame)
  }

  /**
   * A thread that ended between its claim and its commit must not hold up the others for ever. Time
   * is counted in looks: while the process stands still, so do the threads that are waited for.
   */
  #watchBlockage(): void {
    const { blockedAt } = this.#consumer
    this.#looks = blockedAt !== undefined && blockedAt === this.#blockedAt ? this.#looks + 1 : 0
    this.#blockedAt = blockedAt
    if (blockedAt === undefined) return
    this.#nextLook = setTimeout(() => {
      this.#nextLook = undefined
      if (this.#looks === SENDER_PATIENCE_LOOKS) this.#giveUp(blockedAt)
      else this.#watchBlockage()
    }, SENDER_LOOK_MS)
    this.#nextLook.unref()
  }

  #giveUp(blockedAt: number): void {
    try {
      this.#consumer.unblock(blockedAt)
    } catch (error) {
      this.#fail(error)
    }
    this.#drain()
  }

  #shut(): void {
    this.#isOpen = false
    // Sequentially consistent: who does not see it has published, for `close` to read.
    Atomics.store(this.handle.isClosed, 0, 1)
    clearImmediate(this.#nextDrain)
    clearTimeout(this.#nextLook)
    clearInterval(this.#unrungLooks)
    this.#bell.close()
  }

  #fail(error: unknown): void {
    if (!(error instanceof RingError)) throw error
    this.#shut()
    this.#host.damaged(error)
  }
}
