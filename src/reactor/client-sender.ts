import { checkInteger } from '../arguments.ts'
import { ArgumentError } from '../errors.ts'
import type { MpscRing } from '../shm/mpsc-ring.ts'
import { MpscRingProducer } from '../shm/mpsc-ring-producer.ts'
import { HIGHEST_TIMEOUT_MS, SENDER_RETRY_MS } from './limits.ts'
import { type SenderBellHandle, senderBellRinger } from './sender-bell.ts'

/** The way to an engine's clients from another thread. Plain data: hand it over in a message. */
export interface ClientSenderHandle {
  readonly ring: MpscRing
  readonly bell: SenderBellHandle
  /** 0 while the engine takes messages. */
  readonly isClosed: Int32Array
}

/** What a record of the ring is, by its type. Its payload: the client's id, a double, and the bytes. */
export const SenderRecord = { data: 1, message: 2 } as const
export const CLIENT_ID_BYTES = 8

/**
 * `queued`: the engine has it or will take it, and sends it or counts why not. `dropped`: there was
 * no room, or the engine is stopping; what was on its way just then may be sent all the same.
 */
export type ClientSenderResult = 'queued' | 'dropped'

/**
 * Sends to the clients of a `TcpEngine` from another thread. Make one in each thread, of the handle
 * that `engine.sender()` gives.
 *
 * What one sender sends to a client arrives in that order. What is for a client that has gone is
 * counted by the engine and goes to nobody else: an id is never used again.
 */
export class ClientSender {
  readonly #producer: MpscRingProducer
  readonly #ringBell: () => void
  readonly #isClosed: Int32Array
  readonly #id = Buffer.alloc(CLIENT_ID_BYTES)
  readonly #pause = new Int32Array(new SharedArrayBuffer(4))

  constructor(handle: ClientSenderHandle) {
    this.#producer = new MpscRingProducer(handle.ring)
    this.#ringBell = senderBellRinger(handle.bell)
    this.#isClosed = handle.isClosed
  }

  /** Longest message, in bytes: a quarter of the ring, less what stands in front of it. */
  get maxMessageBytes(): number {
    return this.#producer.maxMessageBytes - CLIENT_ID_BYTES
  }

  /** Whether the engine has stopped: nothing that is sent arrives. */
  get isClosed(): boolean {
    // Sequentially consistent, for `#send`.
    return Atomics.load(this.#isClosed, 0) !== 0
  }

  /**
   * Sends the bytes as they are, as `TcpClient.sendData` does. Copies them: they are the caller's
   * again.
   *
   * @param clientId a `TcpClient.id`. What is for one that has gone is queued, and then counted as
   *   `senderUnknownClients`.
   * @throws {ArgumentError} where they are over `maxMessageBytes`, or `clientId` cannot be one.
   * @throws {RingError} where another thread has damaged the queue.
   */
  sendData(clientId: number, bytes: Uint8Array): ClientSenderResult {
    return this.#send(SenderRecord.data, clientId, bytes)
  }

  /**
   * As `sendData`, framed by the client's framing strategy, as `TcpClient.sendMessage` does. What the
   * strategy refuses is counted as `senderUnframed`.
   */
  sendMessage(clientId: number, message: Uint8Array): ClientSenderResult {
    return this.#send(SenderRecord.message, clientId, message)
  }

  /**
   * Waits until there is room for a message of `bytes`, holding up the thread that calls it: not for
   * the engine's own. Another sender may take the room first.
   *
   * @param bytes 0 to `maxMessageBytes`.
   * @param timeoutMs 0 to 2,147,483,647 ms.
   * @returns whether there is, before `timeoutMs` are over or the engine stops.
   * @throws {ArgumentError} where one of them is out of its range.
   */
  waitForRoom(bytes: number, timeoutMs: number): boolean {
    checkInteger('bytes', bytes, 0, this.maxMessageBytes)
    checkInteger('timeoutMs', timeoutMs, 0, HIGHEST_TIMEOUT_MS)
    const until = performance.now() + timeoutMs
    for (;;) {
      if (this.isClosed) return false
      if (this.#producer.hasRoom(CLIENT_ID_BYTES + bytes)) return true
      if (performance.now() >= until) return false
      // Nobody wakes it: this is a sleep.
      Atomics.wait(this.#pause, 0, 0, SENDER_RETRY_MS)
    }
  }

  #send(type: number, clientId: number, bytes: Uint8Array): ClientSenderResult {
    checkInteger('clientId', clientId, 1, Number.MAX_SAFE_INTEGER)
    // Anything else would be written as what stood in the ring before.
    if (!(bytes instanceof Uint8Array)) throw new ArgumentError('a message is a Uint8Array')
    checkInteger('the length of a message', bytes.length, 0, this.maxMessageBytes)
    if (this.isClosed) return 'dropped'
    this.#id.writeDoubleLE(clientId)
    const isQueued = this.#producer.write(type, this.#id, bytes)
    if (this.#producer.shouldRing()) this.#ringBell()
    // Looked at again: only what was published before it is closed is certain to be read.
    return isQueued && !this.isClosed ? 'queued' : 'dropped'
  }
}
