import { checkBytes } from '../arguments.ts'
import { ArgumentError, type CarillonError } from '../errors.ts'
import { FullMessageInfo, type IFramingStrategy } from '../framing/framing-strategy.ts'
import { systemReason } from '../system-reason.ts'
import type { ClientCounters } from './client-counters.ts'
import { ClientOutput } from './client-output.ts'
import { ClientTimes } from './client-times.ts'
import { delivery } from './delivery.ts'
import type { DisconnectKind, DisconnectReason } from './disconnect-reason.ts'
import { ClientError, detached } from './errors.ts'
import { HookCalls } from './hook-calls.ts'
import { KEPT_REST_BYTES_LEAST } from './limits.ts'
import { Outbox } from './outbox.ts'
import type { HookName, HookResult, SessionHost } from './session-host.ts'
import { SourceHolds } from './source-holds.ts'
import { checkTaken, framingErrorOf, readerOf, type StreamReader } from './stream-reader.ts'
import type { SendResult, TcpClient } from './tcp-client.ts'
import type { Connection, ConnectionHandler } from './transport.ts'

/** In place of the bytes that a strategy took: the connection keeps the rest of the chunk. */
const KEPT = -1

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
  /** Most that the connection keeps of a chunk, with what is missing of a frame. 0: nothing. */
  readonly #keptBytesMax: number
  /** `strategy.framesAsReceived`, asked once. */
  readonly #framesAsReceived: boolean
  readonly #outbox: Outbox
  readonly #output: ClientOutput
  readonly #hooks: HookCalls
  readonly #times: ClientTimes
  /** Of one message after the other. */
  readonly #info: FullMessageInfo
  #phase: 'open' | 'closing' | 'resetting' | 'closed' = 'open'
  #reason: DisconnectReason | undefined
  #isPaused = false
  /** Made when first needed. */
  #holds: SourceHolds | undefined
  /** What had arrived and was not read as messages yet when reading paused. */
  #rest: Buffer | undefined
  #peerHasEnded = false
  /** What the connection keeps: the next chunk begins with so many bytes of the one before. */
  #keptBytes = 0
  /** Whether these are what a pause left, and not a frame that is not whole. */
  #isRestKept = false
  /** Whether the message that is being handled is to come again. */
  #isPutBack = false
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
    // Where messages are copied for their receiver, putting one together is that copy.
    const leaves = this.#info.borrowed && strategy.leavesUnfinished === true
    this.#keptBytesMax = leaves ? (connection.keptBytesMax ?? 0) : 0
    this.#times = new ClientTimes(host.deadlines, host.options)
    this.#hooks = new HookCalls(this, (name, error) => this.#hookThrew(name, error))
    this.#output = new ClientOutput(this, {
      strategy,
      outbox: this.#outbox,
      times: this.#times,
      options: host.options,
      onOverflow: (why) => {
        this.#reset('slow-client', new ClientError('ERR_CARILLON_SLOW_CLIENT', why))
      },
    })
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
    return this.#output.send(chunks)
  }

  sendCopy(...chunks: readonly Uint8Array[]): SendResult {
    for (const chunk of chunks) checkBytes('a chunk', chunk)
    return this.#output.send(chunks, true)
  }

  sendLent(head: Uint8Array, memory: Uint8Array, start: number, end: number): SendResult {
    checkBytes('head', head)
    checkBytes('memory', memory)
    const isPart = Number.isInteger(start) && Number.isInteger(end)
    if (!isPart || start < 0 || start > end || end > memory.length) {
      throw new ArgumentError(`bytes ${start} to ${end} do not lie in ${memory.length}`)
    }
    return this.#output.sendLent(head, memory, start, end)
  }

  sendMessage(message: Uint8Array): SendResult {
    const info = delivery.lentInfo
    // Small, so that it is compiled into the loop that reads: an echo goes this way, and looking at
    // its frame again made a message take a third longer.
    if (info !== this.#info || info.buffer !== message || !this.#framesAsReceived) {
      return this.#output.sendOther(message, this.#info)
    }
    return info.wholeStart < 0
      ? this.#output.sendEncoded(message)
      : this.#output.sendBack(this.#frameStart, this.#frameEnd)
  }

  sendZeroCopy(data: Uint8Array | readonly Uint8Array[], onReleased: () => HookResult): SendResult {
    const chunks = Array.isArray(data) ? [...data] : [data as Uint8Array]
    for (const chunk of chunks) checkBytes('a chunk', chunk)
    if (typeof onReleased !== 'function') throw new ArgumentError('onReleased is a function')
    this.#host.held(1)
    return this.#output.sendHeld(chunks, () => {
      setImmediate(() => {
        this.#host.held(-1)
        this.#hooks.call('onReleased', onReleased)
      })
    })
  }

  pause(): void {
    if (!this.#isReading() || this.#isPaused) return
    this.#isPaused = true
    if (!this.isHeld) this.#connection.pauseReading()
  }

  putBack(): boolean {
    const isWhole = delivery.source === this && this.#info.wholeStart >= 0
    if (!isWhole || !this.#isReading()) return false
    this.pause()
    this.#isPutBack = true
    return true
  }

  resume(): void {
    if (!this.#isPaused) return
    if (this.#isPutBack) {
      // Behind the hook that put it back.
      queueMicrotask(() => this.resume())
      return
    }
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
    this.#output.sendRun()
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
    this.#hooks.call('onClientConnected', this.#host.connected)
  }

  /** Sends what is queued and closes. Resets after `closeTimeoutMs`, where `isTimed`. */
  closeFor(kind: DisconnectKind, isTimed = true): void {
    if (this.#phase !== 'open') return
    this.#output.sendRun()
    this.#phase = 'closing'
    this.#output.isOpen = false
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
    const newBytes = this.#keptBytes === 0 ? chunk.length : this.#newBytesOf(chunk)
    this.#bytesIn += newBytes
    if (newBytes > 0) this.#times.noteActive()
    this.#info.leavableBytesMax = this.#keptBytesMax
    delivery.lend(chunk, this.#info)
    const rest = this.#read(chunk)
    delivery.takeBack()
    if (rest !== undefined && !this.#keepRest(rest)) this.#rest = Buffer.from(rest)
  }

  onQueued(): void {
    this.#output.onSlow(this.#outbox.noteQueued(), 0)
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
    if (this.#isReading()) this.#hooks.call('onClientDrain', this.#host.drained)
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
    this.#output.isOpen = false
    this.#unsentBytes = this.#outbox.queuedBytes
    this.#outbox.close()
    const reason = this.#reason as DisconnectReason
    this.#hooks.call('onClientDisconnected', () => this.#host.disconnected(this, reason))
  }

  #heldBy(): SourceHolds {
    this.#holds ??= new SourceHolds(() => {
      if (!this.#isPaused) this.#resumeReading()
    })
    return this.#holds
  }

  // Reading.

  /** Of a chunk that begins with what was kept of the one before: how much it has beside that. */
  #newBytesOf(chunk: Buffer): number {
    const keptBytes = this.#keptBytes
    this.#keptBytes = 0
    this.#isRestKept = false
    // Counted when the end began; what was no whole message then is not counted.
    if (!this.#isReading()) this.#discardedBytes -= keptBytes
    return chunk.length - keptBytes
  }

  /** Has the connection keep what a pause left of a chunk. False where that costs less as a copy. */
  #keepRest(rest: Buffer): boolean {
    if (rest.length < KEPT_REST_BYTES_LEAST || this.#keptBytesMax === 0) return false
    if (!this.#connection.keep?.(rest, 0)) return false
    this.#keptBytes = rest.length
    this.#isRestKept = true
    return true
  }

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
    if (this.#isPutBack) this.#takeBack()
    const position = this.#frameEnd
    this.#output.sendRun()
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
      let taken = reader.processDataAt(chunk, position, info)
      const left = chunk.length - position
      const isUsual = taken > 0 && taken <= left && (taken | 0) === taken
      if (!isUsual) {
        taken = this.#takenUnusually(taken, chunk, position, lastTaken)
        if (taken === KEPT) return
      }
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

  /**
   * Looks at an answer that is not the usual one.
   *
   * @returns the bytes taken, or `KEPT` where the rest of the chunk comes again.
   * @throws as `checkTaken`.
   */
  #takenUnusually(answer: number, chunk: Buffer, position: number, lastTaken: number): number {
    const info = this.#info
    let taken = answer
    if (taken === 0 && info.leftFrameBytes > 0) {
      if (this.#keep(chunk, position)) return KEPT
      info.leavableBytesMax = 0
      taken = this.#reader.processDataAt(chunk, position, info)
    }
    const left = chunk.length - position
    const isUsual = taken > 0 && taken <= left && Number.isInteger(taken)
    if (!isUsual) checkTaken(taken, info, left, lastTaken)
    return taken
  }

  /** Has the connection keep a frame that is not whole. False where it cannot. */
  #keep(chunk: Buffer, position: number): boolean {
    const frameBytes = this.#info.leftFrameBytes
    this.#info.leftFrameBytes = 0
    const bytes = chunk.length - position
    // Applications write strategies too.
    const isOfFrame = Number.isInteger(frameBytes) && frameBytes > bytes
    if (!isOfFrame || !this.#connection.keep?.(chunk.subarray(position), frameBytes - bytes)) {
      return false
    }
    this.#keptBytes = bytes
    this.#frameEnd = chunk.length
    this.#times.noteIncomplete()
    return true
  }

  #noteIncomplete(): void {
    if (this.#info.discarded) {
      this.#info.reset()
      this.#times.endMessage()
    } else {
      this.#times.noteIncomplete()
    }
  }

  /** The last message was put back: it has not been read. */
  #takeBack(): void {
    this.#isPutBack = false
    this.#frameEnd = this.#frameStart
    this.#messagesIn--
  }

  /** What is not read of a chunk: for later, or not at all. */
  #leave(chunk: Buffer, position: number): Buffer | undefined {
    if (this.#isReading()) return chunk.subarray(position)
    this.#discardedBytes += chunk.length - position
    return undefined
  }

  /** `HookCalls.call` for the hook that is called most: without a closure. */
  #deliver(message: Buffer): void {
    try {
      const result = this.#host.message(this, message)
      if (result !== undefined) this.#hooks.await('onClientMessage', result)
    } catch (cause) {
      this.#hooks.threw('onClientMessage', cause)
    }
  }

  // Ending.

  #reset(kind: DisconnectKind, error?: CarillonError): void {
    if (this.#phase === 'resetting' || this.#phase === 'closed') return
    this.#output.sendRun()
    this.#phase = 'resetting'
    this.#output.isOpen = false
    this.#end(kind, error)
    this.#host.deadlines.unwatch(this)
    this.#connection.reset()
  }

  /** Something is wrong: the application hears of it while it may still send, then the end. */
  #fail(kind: DisconnectKind, error: CarillonError): void {
    if (this.#phase === 'closed') return
    this.#end(kind, error)
    this.#hooks.call('onClientError', () => this.#host.failed(this, error))
    this.closeFor(kind)
  }

  /** Sets the reason, the first time; the first error, where there was none. Nothing is read now. */
  #end(kind: DisconnectKind, error?: CarillonError): void {
    if (this.#reason === undefined) this.#reason = error ? { kind, error } : { kind }
    else if (error && !this.#reason.error) this.#reason = { ...this.#reason, error }
    if (this.#rest !== undefined) this.#discardedBytes += this.#rest.length
    this.#rest = undefined
    if (this.#isRestKept) this.#discardedBytes += this.#keptBytes
    this.#isRestKept = false
    this.#holds?.leave()
    this.#holds?.releaseSources()
  }

  #hookThrew(name: HookName, error: ClientError): void {
    this.#host.hookFailed(this, name, error)
    // A throw of onClientError is not told to onClientError: the client is being closed as it is.
    if (name !== 'onClientError') this.#fail('hook-error', error)
  }
}
