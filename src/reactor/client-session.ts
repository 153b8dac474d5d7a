import { checkBytes } from '../arguments.ts'
import { ArgumentError, type CarillonError, errorMessage } from '../errors.ts'
import { FullMessageInfo, type IFramingStrategy } from '../framing/framing-strategy.ts'
import type { ViewCache } from '../framing/view-cache.ts'
import { systemReason } from '../system-reason.ts'
import type { ClientCounters } from './client-counters.ts'
import { ClientTimes } from './client-times.ts'
import type { Deadlines } from './deadlines.ts'
import { delivery } from './delivery.ts'
import type { DisconnectKind, DisconnectReason } from './disconnect-reason.ts'
import { ClientError, detached, StateError } from './errors.ts'
import { Outbox } from './outbox.ts'
import { bytesOf } from './outgoing-queue.ts'
import { SourceHolds } from './source-holds.ts'
import { checkTaken, framingErrorOf, readerOf, type StreamReader } from './stream-reader.ts'
import type { SendResult, TcpClient } from './tcp-client.ts'
import type { TcpEngineOptions } from './tcp-engine-options.ts'
import type { Connection, ConnectionHandler } from './transport.ts'

/** What a hook may return: nothing, or the promise that an `async` hook returns. */
export type HookResult = void | Promise<void>

/** What a session needs of its engine. */
export interface SessionHost {
  readonly options: Required<TcpEngineOptions>
  readonly deadlines: Deadlines
  /** Where messages are borrowed. */
  readonly views: ViewCache | undefined
  connected(client: TcpClient): HookResult
  message(client: TcpClient, message: Buffer): HookResult
  drained(client: TcpClient): HookResult
  failed(client: TcpClient, error: CarillonError): HookResult
  /** The session's end. */
  disconnected(session: ClientSession, reason: DisconnectReason): HookResult
  /** A hook threw. The session closes its client; this is for the count and the log. */
  hookFailed(client: TcpClient, hook: HookName, error: ClientError): void
  /** Memory of `sendZeroCopy` is held (1), or released (-1). */
  held(change: 1 | -1): void
}

/** The hooks of a `TcpEngine`, and what is called like one. */
export type HookName =
  | 'onClientConnected'
  | 'onClientMessage'
  | 'onClientDrain'
  | 'onClientError'
  | 'onClientDisconnected'
  | 'onReleased'

/** In place of the end of a run: there is none. */
const NO_RUN = -1
/**
 * The life of one connection: `open`, perhaps `closing` (flushing, then waiting for the peer's
 * FIN) or `resetting`, then `closed`. What begins the end sets the reason, and from then on nothing
 * is read as messages; data can be sent until the phase changes, which is a moment later where
 * `onClientError` may say a last word.
 */
export class ClientSession implements TcpClient, ConnectionHandler {
  readonly id: number

  readonly #host: SessionHost
  readonly #connection: Connection
  readonly #strategy: IFramingStrategy
  readonly #reader: StreamReader
  /** `strategy.framesAsReceived`, asked once. */
  readonly #framesAsReceived: boolean
  readonly #outbox: Outbox
  readonly #times: ClientTimes
  /** Of one message after the other. */
  readonly #info: FullMessageInfo
  #phase: 'open' | 'closing' | 'resetting' | 'closed' = 'open'
  #reason: DisconnectReason | undefined
  #isPaused = false
  /** Whose message the last data was sent for. */
  #lastSource: ClientSession | undefined
  /** Made when first needed. */
  #holds: SourceHolds | undefined
  /** What had arrived and was not read as messages yet when reading paused. */
  #rest: Buffer | undefined
  #peerHasEnded = false
  /** Of the chunk that is being read, the frames that go back to where they came from. */
  #runStart = 0
  #runEnd = NO_RUN
  #runMessages = 0
  /** Of what was taken last of the chunk that is being read. */
  #frameStart = 0
  #frameEnd = 0
  #bytesIn = 0
  #messagesIn = 0
  #discardedBytes = 0
  #unsentBytes = 0
  #sourcePauses = 0

  constructor(id: number, connection: Connection, strategy: IFramingStrategy, host: SessionHost) {
    this.id = id
    this.#connection = connection
    this.#strategy = strategy
    this.#reader = readerOf(strategy)
    this.#framesAsReceived = strategy.framesAsReceived === true
    this.#host = host
    this.#outbox = new Outbox(connection, host.options)
    this.#info = new FullMessageInfo(host.options.messages === 'borrowed', host.views)
    this.#times = new ClientTimes(host.deadlines, host.options)
  }

  // What the application calls.

  get remoteAddress(): string {
    return this.#connection.remoteAddress
  }

  get isOpen(): boolean {
    return this.#phase === 'open'
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  get isHeld(): boolean {
    return this.#holds?.isHeld ?? false
  }

  get queuedBytes(): number {
    return this.#phase === 'closed' ? 0 : this.#outbox.queuedBytes
  }

  get isAboveHighWatermark(): boolean {
    return this.#outbox.isAboveHighWatermark
  }

  get droppedMessages(): number {
    return this.#outbox.droppedMessages
  }

  sendData(...chunks: readonly Uint8Array[]): SendResult {
    for (const chunk of chunks) checkBytes('a chunk', chunk)
    return this.#send(chunks)
  }

  sendCopy(...chunks: readonly Uint8Array[]): SendResult {
    for (const chunk of chunks) checkBytes('a chunk', chunk)
    return this.#send(chunks, true)
  }

  sendMessage(message: Uint8Array): SendResult {
    const info = delivery.lentInfo
    // Small, so that it is compiled into the loop that reads: an echo goes this way, and looking at
    // its frame again made a message take a third longer.
    if (info !== this.#info || info.buffer !== message || !this.#framesAsReceived) {
      return this.#sendOther(message)
    }
    return info.wholeStart < 0 ? this.#sendEncoded(message) : this.#sendBack()
  }

  sendZeroCopy(data: Uint8Array | readonly Uint8Array[], onReleased: () => HookResult): SendResult {
    const chunks = Array.isArray(data) ? [...data] : [data as Uint8Array]
    for (const chunk of chunks) checkBytes('a chunk', chunk)
    if (typeof onReleased !== 'function') throw new ArgumentError('onReleased is a function')
    this.#host.held(1)
    return this.#sendHeld(chunks, () => setImmediate(() => this.#onReleased(onReleased)))
  }

  pause(): void {
    if (!this.#isReading() || this.#isPaused) return
    this.#isPaused = true
    if (!this.isHeld) this.#connection.pauseReading()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#resumeReading()
  }

  pauseFor(slow: TcpClient): boolean {
    if (!(slow instanceof ClientSession)) {
      throw new ArgumentError('slow is a client of a TcpEngine')
    }
    if (!this.#isReading() || !slow.#isReading() || !slow.isAboveHighWatermark) return false
    if (this.#heldBy().holdFor(slow.#heldBy())) {
      this.#sourcePauses++
      if (!this.#isPaused) this.#connection.pauseReading()
    }
    return true
  }

  close(): void {
    this.closeFor('closed')
  }

  reset(): void {
    this.#reset('reset')
  }

  stats(): ClientCounters {
    this.#sendRun()
    const { skippedMessages = 0, skippedBytes = 0 } = this.#strategy
    const { bytesOut, messagesOut, zeroCopyMessages } = this.#outbox
    const { droppedBytes, droppedMessages } = this.#outbox
    const { droppedOldestBytes, droppedOldestMessages, peakQueuedBytes } = this.#outbox
    return {
      bytesIn: this.#bytesIn,
      messagesIn: this.#messagesIn,
      discardedBytes: this.#discardedBytes,
      skippedMessages,
      skippedBytes,
      bytesOut,
      messagesOut,
      zeroCopyMessages,
      droppedBytes,
      droppedMessages,
      droppedOldestBytes,
      droppedOldestMessages,
      unsentBytes: this.#unsentBytes,
      sourcePauses: this.#sourcePauses,
      peakQueuedBytes,
    }
  }

  // What the engine calls.

  /** Lets the application know of the client. */
  begin(): void {
    const { deadlines } = this.#host
    if (deadlines.watchesOpenClients) deadlines.watch(this)
    this.#call('onClientConnected', this.#host.connected)
  }

  /** Sends what is queued and closes. Resets after `closeTimeoutMs`, where `isTimed`. */
  closeFor(kind: DisconnectKind, isTimed = true): void {
    if (this.#phase !== 'open') return
    this.#sendRun()
    this.#phase = 'closing'
    this.#end(kind)
    // What still arrives is read and thrown away: see `TcpClient.close`.
    this.#isPaused = false
    this.#connection.resumeReading()
    if (this.#outbox.isHandedOver) this.#connection.end()
    this.#times.beginPhase()
    const { deadlines } = this.#host
    if (isTimed) deadlines.watch(this)
    else deadlines.unwatch(this)
  }

  /** Resets a client that did not close in time. */
  expire(timeoutMs: number): void {
    const message = `the peer did not read the rest and close within ${timeoutMs} ms`
    this.#reset('reset', new ClientError('ERR_CARILLON_CLOSE_TIMEOUT', message))
  }

  /** Closes a client whose time is over. */
  checkDeadlines(): void {
    if (this.#phase === 'closing') {
      if (this.#times.isCloseOverdue) this.expire(this.#host.options.closeTimeoutMs)
      return
    }
    // Another session's hook may have ended this one in the same turn.
    if (this.#phase !== 'open' || !this.#isReading()) return
    if (!this.#canRead()) this.#times.excuse(this.queuedBytes > 0)
    const overdue = this.#times.overdue(this.#messagesIn > 0)
    if (overdue !== undefined) this.#fail(overdue.kind, overdue.error)
  }

  // What the transport calls.

  onData(chunk: Buffer): void {
    this.#bytesIn += chunk.length
    this.#times.noteActive()
    delivery.lend(chunk, this.#info)
    const rest = this.#read(chunk)
    delivery.takeBack()
    if (rest !== undefined) this.#rest = Buffer.from(rest)
  }

  onQueued(): void {
    this.#onSlow(this.#outbox.noteQueued(), 0)
  }

  onDrain(): void {
    this.#times.noteActive()
    const wasHandedOver = this.#outbox.isHandedOver
    const hasFallen = this.#outbox.drain()
    if (this.#outbox.isDetached) {
      this.#reset('connection-lost', detached())
      return
    }
    if (this.#phase === 'closing' && !wasHandedOver && this.#outbox.isHandedOver) {
      this.#connection.end()
    }
    if (!hasFallen) return
    this.#holds?.releaseSources()
    if (this.#isReading()) this.#call('onClientDrain', this.#host.drained)
  }

  onEnd(): void {
    this.#peerHasEnded = true
    this.#readOn()
  }

  onClose(cause?: Error): void {
    this.#host.deadlines.unwatch(this)
    if (cause === undefined) {
      this.#end('peer-closed')
    } else if (cause instanceof ClientError) {
      this.#end('connection-lost', cause)
    } else {
      const message = `the connection broke: ${systemReason(cause)}`
      const error = new ClientError('ERR_CARILLON_CONNECTION_LOST', message, { cause })
      this.#end('connection-lost', error)
    }
    this.#phase = 'closed'
    this.#unsentBytes = this.#outbox.queuedBytes
    this.#outbox.close()
    const reason = this.#reason as DisconnectReason
    this.#call('onClientDisconnected', () => this.#host.disconnected(this, reason))
  }

  // Sending.

  /** @param isLent the chunks are the caller's again when this returns. */
  #send(chunks: readonly Uint8Array[], isLent = false): SendResult {
    this.#sendRun()
    const bytes = bytesOf(chunks)
    if (this.#phase !== 'open') return this.#outbox.drop(bytes)
    if (bytes === 0) return 'sent'
    const result = this.#outbox.send(chunks, bytes, isLent)
    if (result === 'sent') this.#onSent()
    else this.#onSlow(result, bytes)
    return result
  }

  /** @param release called once, whatever the answer. */
  #sendHeld(chunks: readonly Uint8Array[], release: () => void): SendResult {
    this.#sendRun()
    const bytes = bytesOf(chunks)
    if (this.#phase !== 'open' || bytes === 0) {
      release()
      return this.#phase === 'open' ? 'sent' : this.#outbox.drop(bytes)
    }
    const result = this.#outbox.sendHeld(chunks, bytes, release)
    if (result === 'sent') this.#onSent()
    else this.#onSlow(result, bytes)
    return result
  }

  #onReleased(onReleased: () => HookResult): void {
    this.#host.held(-1)
    this.#call('onReleased', onReleased)
  }

  /** Sends a message that is framed anew, or whose frame has to be looked at. */
  #sendOther(message: Uint8Array): SendResult {
    const info = delivery.lentInfo
    if (info?.buffer === message && info.wholeStart >= 0) {
      const chunk = delivery.lentChunk as Buffer
      const end = info.wholeStart + message.length
      const from = this.#strategy.framedFrom?.(chunk, info.wholeStart, end) ?? -1
      if (from >= 0 && info === this.#info) return this.#extendRun(from, end)
      if (from >= 0) return this.#sendLent(chunk, from, end)
    }
    return this.#sendEncoded(message)
  }

  #sendEncoded(message: Uint8Array): SendResult {
    checkBytes('a message', message)
    if (this.#strategy.encode === undefined) {
      throw new StateError(
        'ERR_CARILLON_NO_FRAME',
        'the framing strategy has no encode(): use sendData',
      )
    }
    return this.#send(this.#strategy.encode(message))
  }

  /** Sends the frame that is being handled back to where it came from. */
  #sendBack(): SendResult {
    return this.#extendRun(this.#frameStart, this.#frameEnd)
  }

  /**
   * Sends back a part of the chunk that is being read. What lies one behind the other is sent as one,
   * at the latest when the chunk is read.
   */
  #extendRun(start: number, end: number): SendResult {
    if (start !== this.#runEnd) return this.#beginRun(start, end)
    this.#runEnd = end
    this.#runMessages++
    return 'sent'
  }

  #beginRun(start: number, end: number): SendResult {
    const chunk = delivery.lentChunk as Buffer
    this.#sendRun()
    const isFree = this.#phase === 'open' && this.#outbox.isFree
    // A longer chunk may have messages in it that are over the limit.
    if (!isFree || chunk.length > this.#host.options.maxQueuedBytes) {
      return this.#sendLent(chunk, start, end)
    }
    this.#runStart = start
    this.#runEnd = end
    this.#runMessages = 1
    return 'sent'
  }

  #sendRun(): void {
    const end = this.#runEnd
    if (end === NO_RUN) return
    this.#runEnd = NO_RUN
    this.#sendLent(delivery.lentChunk as Buffer, this.#runStart, end, this.#runMessages)
  }

  #sendLent(chunk: Buffer, start: number, end: number, messages = 1): SendResult {
    const bytes = end - start
    if (this.#phase !== 'open') return this.#outbox.drop(bytes)
    const result = this.#outbox.sendSlice(chunk, start, end, messages)
    if (result === 'sent') this.#onSent()
    else this.#onSlow(result, bytes)
    return result
  }

  #onSent(): void {
    this.#times.noteActive()
    // It may be queued after all, and then it matters for whom.
    if (this.#host.options.slowClientPolicy === 'pause-source') this.#lastSource = delivery.source
  }

  /** Something is queued, or was dropped. */
  #onSlow(result: SendResult, bytes: number): void {
    const { slowClientPolicy } = this.#host.options
    if (slowClientPolicy === 'pause-source') {
      const source = delivery.source ?? this.#lastSource
      if (this.isAboveHighWatermark) source?.pauseFor(this)
    } else if (slowClientPolicy === 'disconnect' && result === 'dropped') {
      const message = this.#outbox.whyDropped(bytes)
      this.#reset('slow-client', new ClientError('ERR_CARILLON_SLOW_CLIENT', message))
    }
  }

  #heldBy(): SourceHolds {
    this.#holds ??= new SourceHolds(() => {
      if (!this.#isPaused) this.#resumeReading()
    })
    return this.#holds
  }

  // Reading.

  /** Whether what arrives is read as messages. */
  #isReading(): boolean {
    return this.#reason === undefined
  }

  /** Whether it is so now. */
  #canRead(): boolean {
    return this.#reason === undefined && !this.#isPaused && !this.isHeld
  }

  #resumeReading(): void {
    if (!this.#canRead()) return
    if (this.#rest === undefined && !this.#peerHasEnded) this.#connection.resumeReading()
    // Not from here: the caller may be in the middle of a hook of another client.
    else queueMicrotask(() => this.#readOn())
  }

  /** Goes on with what was kept, and then with the peer's end or the connection. */
  #readOn(): void {
    if (!this.#canRead()) return
    const rest = this.#rest
    this.#rest = undefined
    if (rest !== undefined) this.#rest = this.#read(rest)
    if (!this.#canRead()) return
    if (this.#peerHasEnded) this.closeFor('peer-closed')
    else this.#connection.resumeReading()
  }

  /** Reads messages. Returns what a pause left of the chunk. */
  #read(chunk: Buffer): Buffer | undefined {
    delivery.source = this
    this.#frameEnd = 0
    try {
      this.#readMessages(chunk)
    } catch (cause) {
      this.#fail('framing-error', framingErrorOf(cause))
    }
    const position = this.#frameEnd
    this.#sendRun()
    delivery.source = undefined
    return position === chunk.length ? undefined : this.#leave(chunk, position)
  }

  /**
   * The loop that every message goes through. What it calls is small, so that V8 compiles all of it
   * as one up to an ordinary hook and a `sendMessage` in it (its limit is 920 bytes of bytecode):
   * that, with the views' places, took an echoed message from 25 to 16 ns.
   *
   * @throws what the framing strategy throws. `#frameEnd` then says up to where messages were read.
   */
  #readMessages(chunk: Buffer): void {
    const info = this.#info
    const reader = this.#reader
    let position = 0
    let lastTaken = -1
    while (position < chunk.length && this.#canRead()) {
      const taken = reader.processDataAt(chunk, position, info)
      const left = chunk.length - position
      const isUsual = taken > 0 && taken <= left && (taken | 0) === taken
      if (!isUsual) checkTaken(taken, info, left, lastTaken)
      this.#frameStart = position
      position += taken
      this.#frameEnd = position
      lastTaken = taken
      if (info.complete) {
        this.#times.endMessage()
        this.#messagesIn++
        this.#deliver(info.buffer)
        info.reset()
      } else {
        this.#noteIncomplete()
      }
    }
  }

  #noteIncomplete(): void {
    if (this.#info.discarded) {
      this.#info.reset()
      this.#times.endMessage()
    } else {
      this.#times.noteIncomplete()
    }
  }

  /** What is not read of a chunk: for later, or not at all. */
  #leave(chunk: Buffer, position: number): Buffer | undefined {
    if (this.#isReading()) return chunk.subarray(position)
    this.#discardedBytes += chunk.length - position
    return undefined
  }

  /** `#call` for the hook that is called most: without a closure. */
  #deliver(message: Buffer): void {
    try {
      const result = this.#host.message(this, message)
      if (result !== undefined) this.#awaitHook('onClientMessage', result)
    } catch (cause) {
      this.#hookThrew('onClientMessage', cause)
    }
  }

  // Ending.

  #reset(kind: DisconnectKind, error?: CarillonError): void {
    if (this.#phase === 'resetting' || this.#phase === 'closed') return
    this.#sendRun()
    this.#phase = 'resetting'
    this.#end(kind, error)
    this.#host.deadlines.unwatch(this)
    this.#connection.reset()
  }

  /** Something is wrong: the application hears of it while it may still send, then the end. */
  #fail(kind: DisconnectKind, error: CarillonError): void {
    if (this.#phase === 'closed') return
    this.#end(kind, error)
    this.#call('onClientError', () => this.#host.failed(this, error))
    this.closeFor(kind)
  }

  /** Sets the reason, the first time; the first error, where there was none. Nothing is read now. */
  #end(kind: DisconnectKind, error?: CarillonError): void {
    if (this.#reason === undefined) this.#reason = error ? { kind, error } : { kind }
    else if (error && !this.#reason.error) this.#reason = { ...this.#reason, error }
    if (this.#rest !== undefined) this.#discardedBytes += this.#rest.length
    this.#rest = undefined
    this.#holds?.leave()
    this.#holds?.releaseSources()
  }

  /** Calls a hook, so that what it throws ends this client and nothing else. */
  #call(name: HookName, hook: (client: TcpClient) => HookResult): void {
    try {
      const result = hook(this)
      if (result !== undefined) this.#awaitHook(name, result)
    } catch (cause) {
      this.#hookThrew(name, cause)
    }
  }

  #awaitHook(name: HookName, result: unknown): void {
    if (result instanceof Promise) result.catch((cause) => this.#hookThrew(name, cause))
  }

  #hookThrew(name: HookName, cause: unknown): void {
    const message = `${name} threw: ${errorMessage(cause)}`
    const error = new ClientError('ERR_CARILLON_HOOK', message, { cause })
    this.#host.hookFailed(this, name, error)
    // A throw of onClientError is not told to onClientError: the client is being closed as it is.
    if (name !== 'onClientError') this.#fail('hook-error', error)
  }
}
