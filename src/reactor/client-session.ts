import { CarillonError, errorMessage } from '../errors.ts'
import { FramingError } from '../framing/errors.ts'
import { FullMessageInfo, type IFramingStrategy } from '../framing/framing-strategy.ts'
import { type ClientCounters, noCounts } from './client-counters.ts'
import type { DisconnectKind, DisconnectReason } from './disconnect-reason.ts'
import { ClientError, StateError } from './errors.ts'
import type { SendResult, TcpClient } from './tcp-client.ts'
import type { TcpEngineOptions } from './tcp-engine-options.ts'
import type { Connection, ConnectionHandler } from './transport.ts'

/** What a hook may return: nothing, or the promise that an `async` hook returns. */
export type HookResult = void | Promise<void>

/** What a session needs of its engine. */
export interface SessionHost {
  readonly options: Required<TcpEngineOptions>
  connected(client: TcpClient): HookResult
  message(client: TcpClient, message: Buffer): HookResult
  drained(client: TcpClient): HookResult
  failed(client: TcpClient, error: CarillonError): HookResult
  /** The session's end. */
  disconnected(session: ClientSession, reason: DisconnectReason): HookResult
  /** A hook threw. The session closes its client; this is for the count and the log. */
  hookFailed(client: TcpClient, error: ClientError): void
}

type HookName =
  | 'onClientConnected'
  | 'onClientMessage'
  | 'onClientDrain'
  | 'onClientError'
  | 'onClientDisconnected'

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
  readonly #counters: ClientCounters = noCounts()
  #phase: 'open' | 'closing' | 'resetting' | 'closed' = 'open'
  #reason: DisconnectReason | undefined
  #info: FullMessageInfo
  #isPaused = false
  /** What had arrived and was not read as messages yet when `pause` was called. */
  #rest: Buffer | undefined
  #peerHasEnded = false
  #isAboveHighWatermark = false
  #deadline: NodeJS.Timeout | undefined

  constructor(id: number, connection: Connection, strategy: IFramingStrategy, host: SessionHost) {
    this.id = id
    this.#connection = connection
    this.#strategy = strategy
    this.#host = host
    this.#info = this.#freshInfo()
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

  get queuedBytes(): number {
    return this.#phase === 'closed' ? 0 : this.#connection.queuedBytes
  }

  get isAboveHighWatermark(): boolean {
    return this.#isAboveHighWatermark
  }

  sendData(...chunks: readonly Uint8Array[]): SendResult {
    let bytes = 0
    for (const chunk of chunks) bytes += chunk.length
    if (this.#phase !== 'open') return this.#drop(bytes)
    if (bytes === 0) return 'sent'
    const { maxQueuedBytes, slowClientPolicy, highWatermarkBytes } = this.#host.options
    const queuedBytes = this.#connection.queuedBytes
    if (queuedBytes + bytes > maxQueuedBytes) {
      if (slowClientPolicy === 'disconnect') {
        const message = `${bytes} bytes behind ${queuedBytes} queued ones are over the limit of ${maxQueuedBytes} bytes`
        this.#reset('slow-client', new ClientError('ERR_CARILLON_SLOW_CLIENT', message))
      }
      return this.#drop(bytes)
    }
    this.#counters.messagesOut++
    this.#counters.bytesOut += bytes
    if (this.#connection.write(chunks)) return 'sent'
    if (this.#connection.queuedBytes > highWatermarkBytes) this.#isAboveHighWatermark = true
    return 'queued'
  }

  sendMessage(message: Uint8Array): SendResult {
    if (this.#strategy.encode === undefined) {
      throw new StateError(
        'ERR_CARILLON_NO_FRAME',
        'the framing strategy has no encode(): use sendData',
      )
    }
    return this.sendData(...this.#strategy.encode(message))
  }

  pause(): void {
    if (!this.#isReading || this.#isPaused) return
    this.#isPaused = true
    this.#connection.pauseReading()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (this.#rest === undefined && !this.#peerHasEnded) this.#connection.resumeReading()
    // Not from here: the caller may be in the middle of a hook of another client.
    else queueMicrotask(() => this.#readOn())
  }

  close(): void {
    this.closeFor('closed', this.#host.options.closeTimeoutMs)
  }

  reset(): void {
    this.#reset('reset')
  }

  stats(): ClientCounters {
    const { skippedMessages = 0, skippedBytes = 0 } = this.#strategy
    return { ...this.#counters, skippedMessages, skippedBytes }
  }

  // What the engine calls.

  /** Lets the application know of the client. */
  begin(): void {
    this.#call('onClientConnected', () => this.#host.connected(this))
  }

  /** Sends what is queued and closes; resets after `timeoutMs`, where that is given. */
  closeFor(kind: DisconnectKind, timeoutMs?: number): void {
    if (this.#phase !== 'open') return
    this.#phase = 'closing'
    this.#end(kind)
    // What still arrives is read and thrown away: see `TcpClient.close`.
    this.#isPaused = false
    this.#connection.resumeReading()
    this.#connection.end()
    if (timeoutMs !== undefined) {
      this.#deadline = setTimeout(() => this.expire(timeoutMs), timeoutMs)
    }
  }

  /** Resets a client that did not close in time. */
  expire(timeoutMs: number): void {
    const message = `the peer did not read the rest and close within ${timeoutMs} ms`
    this.#reset('reset', new ClientError('ERR_CARILLON_CLOSE_TIMEOUT', message))
  }

  // What the transport calls.

  onData(chunk: Buffer): void {
    this.#counters.bytesIn += chunk.length
    const rest = this.#read(chunk)
    if (rest !== undefined) this.#rest = Buffer.from(rest)
  }

  onDrain(): void {
    if (!this.#isAboveHighWatermark) return
    if (this.#connection.queuedBytes > this.#host.options.lowWatermarkBytes) return
    this.#isAboveHighWatermark = false
    if (this.#isReading) this.#call('onClientDrain', () => this.#host.drained(this))
  }

  onEnd(): void {
    this.#peerHasEnded = true
    this.#readOn()
  }

  onClose(cause?: Error): void {
    clearTimeout(this.#deadline)
    if (cause === undefined) {
      this.#end('peer-closed')
    } else {
      const message = `the connection broke: ${errorMessage(cause)}`
      const error = new ClientError('ERR_CARILLON_CONNECTION_LOST', message, { cause })
      this.#end('connection-lost', error)
    }
    this.#phase = 'closed'
    this.#counters.unsentBytes = this.#connection.queuedBytes
    const reason = this.#reason as DisconnectReason
    this.#call('onClientDisconnected', () => this.#host.disconnected(this, reason))
  }

  // Reading.

  /** Whether what arrives is read as messages. */
  get #isReading(): boolean {
    return this.#reason === undefined
  }

  #freshInfo(): FullMessageInfo {
    return new FullMessageInfo(this.#host.options.messages === 'borrowed')
  }

  /** Goes on with what `pause` kept, and then with the peer's end or the connection. */
  #readOn(): void {
    if (this.#isPaused || !this.#isReading) return
    const rest = this.#rest
    this.#rest = undefined
    if (rest !== undefined) this.#rest = this.#read(rest)
    if (this.#isPaused || !this.#isReading) return
    if (this.#peerHasEnded) this.closeFor('peer-closed', this.#host.options.closeTimeoutMs)
    else this.#connection.resumeReading()
  }

  /** Reads messages. Returns what a `pause` left of the chunk. */
  #read(chunk: Buffer): Buffer | undefined {
    let position = 0
    let lastTaken = -1
    while (position < chunk.length && this.#isReading && !this.#isPaused) {
      const rest = position === 0 ? chunk : chunk.subarray(position)
      const info = this.#info
      const taken = this.#frame(rest, info, lastTaken)
      if (taken instanceof CarillonError) {
        this.#fail('framing-error', taken)
        break
      }
      position += taken
      lastTaken = taken
      if (info.complete) {
        this.#info = this.#freshInfo()
        this.#counters.messagesIn++
        this.#call('onClientMessage', () => this.#host.message(this, info.buffer))
      }
    }
    if (position === chunk.length) return undefined
    if (this.#isReading) return chunk.subarray(position)
    this.#counters.discardedBytes += chunk.length - position
    return undefined
  }

  /** What the strategy took, or why its answer cannot be used. */
  #frame(rest: Buffer, info: FullMessageInfo, lastTaken: number): number | CarillonError {
    let taken: number
    try {
      taken = this.#strategy.processData(rest, info)
    } catch (cause) {
      if (cause instanceof CarillonError) return cause
      return new FramingError(`the framing strategy threw: ${errorMessage(cause)}`, { cause })
    }
    if (taken === -1) {
      return info.error ?? new FramingError('the framing strategy cannot read what the peer sent')
    }
    if (!Number.isInteger(taken) || taken < 0 || taken > rest.length) {
      return new FramingError(`the framing strategy took ${taken} of ${rest.length} bytes`)
    }
    if (taken === 0 && (!info.complete || lastTaken === 0)) {
      return new FramingError('the framing strategy makes no progress: it took nothing')
    }
    return taken
  }

  // Ending.

  #drop(bytes: number): 'dropped' {
    this.#counters.droppedMessages++
    this.#counters.droppedBytes += bytes
    return 'dropped'
  }

  #reset(kind: DisconnectKind, error?: CarillonError): void {
    if (this.#phase === 'resetting' || this.#phase === 'closed') return
    this.#phase = 'resetting'
    this.#end(kind, error)
    clearTimeout(this.#deadline)
    this.#connection.reset()
  }

  /** Something is wrong: the application hears of it while it may still send, then the end. */
  #fail(kind: DisconnectKind, error: CarillonError): void {
    if (this.#phase === 'closed') return
    this.#end(kind, error)
    this.#call('onClientError', () => this.#host.failed(this, error))
    this.closeFor(kind, this.#host.options.closeTimeoutMs)
  }

  /** Sets the reason, the first time; the first error, where there was none. Nothing is read now. */
  #end(kind: DisconnectKind, error?: CarillonError): void {
    if (this.#reason === undefined) this.#reason = error ? { kind, error } : { kind }
    else if (error && !this.#reason.error) this.#reason = { ...this.#reason, error }
    if (this.#rest !== undefined) this.#counters.discardedBytes += this.#rest.length
    this.#rest = undefined
  }

  /** Calls a hook, so that what it throws ends this client and nothing else. */
  #call(name: HookName, hook: () => HookResult): void {
    try {
      const result = hook()
      if (result instanceof Promise) result.catch((cause) => this.#hookThrew(name, cause))
    } catch (cause) {
      this.#hookThrew(name, cause)
    }
  }

  #hookThrew(name: HookName, cause: unknown): void {
    const message = `${name} threw: ${errorMessage(cause)}`
    const error = new ClientError('ERR_CARILLON_HOOK', message, { cause })
    this.#host.hookFailed(this, error)
    // A throw of onClientError is not told to onClientError: the client is being closed as it is.
    if (name !== 'onClientError') this.#fail('hook-error', error)
  }
}
