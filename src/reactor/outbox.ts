import { delivery } from './delivery.ts'
import { WRITE_BATCH_BYTES, WRITE_BATCH_CHUNKS } from './limits.ts'
import { OutgoingQueue } from './outgoing-queue.ts'
import type { SendResult } from './tcp-client.ts'
import type { TcpEngineOptions } from './tcp-engine-options.ts'
import type { Connection } from './transport.ts'

export type OutboxOptions = Pick<
  Required<TcpEngineOptions>,
  | 'maxQueuedBytes'
  | 'maxQueuedMessages'
  | 'slowClientPolicy'
  | 'highWatermarkBytes'
  | 'lowWatermarkBytes'
>

/**
 * What goes out to one client. The connection has one batch of messages at a time; whatever comes
 * while that is on its way waits here, message by message, so that what becomes of a slow client is
 * the same over every transport and whole messages can still be dropped.
 */
export class Outbox {
  messagesOut = 0
  bytesOut = 0
  zeroCopyMessages = 0
  droppedMessages = 0
  droppedBytes = 0
  droppedOldestMessages = 0
  droppedOldestBytes = 0
  peakQueuedBytes = 0
  /** Whether the queue went over the high watermark and has not fallen to the low one since. */
  isAboveHighWatermark = false
  /** Whether what waits cannot be sent any more: the memory of a message was transferred or resized. */
  isDetached = false
  readonly #connection: Connection
  readonly #options: OutboxOptions
  /** Made when first needed and let go of when empty: most clients never have one. */
  #waiting: OutgoingQueue | undefined

  constructor(connection: Connection, options: OutboxOptions) {
    this.#connection = connection
    this.#options = options
  }

  get queuedBytes(): number {
    const { queuedBytes } = this.#connection
    return this.#waiting === undefined ? queuedBytes : queuedBytes + this.#waiting.bytes
  }

  /** Whether the connection has been handed everything. */
  get isHandedOver(): boolean {
    return this.#waiting === undefined
  }

  /** Whether nothing is queued. */
  get isFree(): boolean {
    return this.#waiting === undefined && this.#connection.queuedBytes === 0
  }

  /**
   * Sends at least one byte, or queues it, or drops it where there is no room.
   *
   * @param isLent what has to wait is copied: the chunks are the caller's again when this returns.
   */
  send(chunks: readonly Uint8Array[], bytes: number, isLent = false): SendResult {
    const mustWait = !this.#isFreeFor(bytes)
    if ((mustWait || bytes > this.#options.maxQueuedBytes) && !this.#hasRoom(bytes)) {
      return this.#refuse(bytes)
    }
    this.messagesOut++
    this.bytesOut += bytes
    if (mustWait) this.#keep(isLent ? [Buffer.concat(chunks, bytes)] : chunks, bytes)
    else if (isLent ? this.#writeCopy(chunks, bytes) : this.#connection.write(chunks)) return 'sent'
    return this.noteQueued()
  }

  /** As `send`, of `head` and of the bytes from `start` to `end` of `memory`: at least one in all. */
  sendLent(head: Uint8Array, memory: Uint8Array, start: number, end: number): SendResult {
    const bytes = head.length + end - start
    const connection = this.#connection
    const isUsual = bytes <= this.#options.maxQueuedBytes && this.#isFreeFor(bytes)
    if (!isUsual || connection.writeLent === undefined) {
      return this.send([head, memory.subarray(start, end)], bytes, true)
    }
    this.messagesOut++
    this.bytesOut += bytes
    return connection.writeLent(head, memory, start, end) ? 'sent' : this.noteQueued()
  }

  #writeCopy(chunks: readonly Uint8Array[], bytes: number): boolean {
    const connection = this.#connection
    if (connection.writeCopy !== undefined) return connection.writeCopy(chunks, bytes)
    return connection.write([Buffer.concat(chunks, bytes)])
  }

  /**
   * As `send`, of chunks that are not changed until `release` is called: once, whatever the answer,
   * perhaps from inside this call.
   */
  sendHeld(chunks: readonly Uint8Array[], bytes: number, release: () => void): SendResult {
    const mustWait = !this.#isFreeFor(bytes)
    if ((mustWait || bytes > this.#options.maxQueuedBytes) && !this.#hasRoom(bytes)) {
      release()
      return this.#refuse(bytes)
    }
    this.messagesOut++
    this.zeroCopyMessages++
    this.bytesOut += bytes
    if (mustWait) this.#keep(chunks, bytes, release)
    else if (this.#connection.writeHeld(chunks, release)) return 'sent'
    return this.noteQueued()
  }

  /** Gives up what waits, and releases it. */
  close(): void {
    this.#waiting?.clear()
    this.#waiting = undefined
  }

  /** As `send`, of the bytes from `start` to `end` of `memory`, which are so many messages. */
  sendSlice(memory: Buffer, start: number, end: number, messages = 1): SendResult {
    const bytes = end - start
    if (bytes > this.#options.maxQueuedBytes || !this.#isFreeFor(bytes)) {
      const result = this.send([memory.subarray(start, end)], bytes)
      if (result === 'dropped') this.droppedMessages += messages - 1
      else this.messagesOut += messages - 1
      return result
    }
    this.messagesOut += messages
    this.bytesOut += bytes
    if (this.#connection.writeSlice(memory, start, end)) return 'sent'
    return this.noteQueued()
  }

  /**
   * Whether the connection takes so many bytes and nothing is in their way. What is deferred may be
   * queued yet, so it has the limit of what is queued.
   */
  #isFreeFor(bytes: number): boolean {
    const { deferredBytes } = this.#connection
    if (deferredBytes + bytes > this.#options.maxQueuedBytes && deferredBytes > 0) {
      this.#connection.flush()
    }
    return this.isFree
  }

  /** Something is queued, by the last `send` or of what it answered `sent` for. */
  noteQueued(): 'queued' {
    const { queuedBytes } = this
    if (queuedBytes > this.peakQueuedBytes) this.peakQueuedBytes = queuedBytes
    if (queuedBytes > this.#options.highWatermarkBytes) this.isAboveHighWatermark = true
    return 'queued'
  }

  drop(bytes: number): 'dropped' {
    this.droppedMessages++
    this.droppedBytes += bytes
    return 'dropped'
  }

  /** Which limit a message was over. */
  whyDropped(bytes: number): string {
    const { maxQueuedBytes, maxQueuedMessages } = this.#options
    const { queuedBytes } = this
    return queuedBytes + bytes > maxQueuedBytes
      ? `${bytes} bytes behind ${queuedBytes} queued ones are over the limit of ${maxQueuedBytes} bytes`
      : `a message behind ${this.#waiting?.length} waiting ones is over the limit of ${maxQueuedMessages}`
  }

  /**
   * The kernel took something: hands on what waits, once all of the batch before is taken.
   *
   * @returns whether the queue has fallen from above the high watermark to the low one.
   */
  drain(): boolean {
    if (this.#connection.queuedBytes === 0) this.#handOver()
    if (!this.isAboveHighWatermark) return false
    if (this.queuedBytes > this.#options.lowWatermarkBytes) return false
    this.isAboveHighWatermark = false
    return true
  }

  #handOver(): void {
    while (this.#waiting !== undefined) {
      const held = this.#waiting.takeHeld()
      const batch = held?.chunks ?? this.#waiting.take(WRITE_BATCH_BYTES, WRITE_BATCH_CHUNKS)
      if (batch === undefined) {
        this.isDetached = true
        return
      }
      if (this.#waiting.length === 0) this.#waiting = undefined
      const isTaken =
        held === undefined
          ? this.#connection.write(batch)
          : this.#connection.writeHeld(batch, held.release)
      if (!isTaken) return
    }
  }

  #keep(chunks: readonly Uint8Array[], bytes: number, release?: () => void): void {
    this.#waiting ??= new OutgoingQueue()
    this.#waiting.push(delivery.own(chunks), bytes, release)
  }

  /** Whether a message fits, after older ones were dropped where the policy is to do that. */
  #hasRoom(bytes: number): boolean {
    if (this.#fits(bytes)) return true
    const { maxQueuedBytes, slowClientPolicy } = this.#options
    const waiting = this.#waiting
    if (slowClientPolicy !== 'drop-oldest' || waiting === undefined) return false
    // Nothing is dropped in vain.
    if (this.#connection.queuedBytes + bytes > maxQueuedBytes) return false
    while (!this.#fits(bytes)) {
      const dropped = waiting.dropOldest()
      this.drop(dropped)
      this.droppedOldestMessages++
      this.droppedOldestBytes += dropped
    }
    if (waiting.length === 0) this.#waiting = undefined
    return true
  }

  #fits(bytes: number): boolean {
    const { maxQueuedBytes, maxQueuedMessages } = this.#options
    if (this.queuedBytes + bytes > maxQueuedBytes) return false
    return this.#waiting === undefined || this.#waiting.length < maxQueuedMessages
  }

  /** Whoever was refused for want of room may go by the drain as well. */
  #refuse(bytes: number): 'dropped' {
    if (this.queuedBytes > this.#options.lowWatermarkBytes) this.isAboveHighWatermark = true
    return this.drop(bytes)
  }
}
