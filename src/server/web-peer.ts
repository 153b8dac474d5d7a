import type { Logger } from 'pino'
import { samplesHeadBytes, writeSamplesHead } from '../../proto/samples.ts'
import { type ErrorCode, errorMessage } from '../errors.ts'
import { ServiceError } from './errors.ts'
import { WEB_LIMITS } from './limits.ts'
import type { Peer, PeerCounters, PeerHandler } from './peer.ts'
import type { WebSocket } from './uwebsockets.ts'

/** What `WebSocket.send` answers where it took nothing. */
const SEND_DROPPED = 2

/** Reasons to close a WebSocket (RFC 6455, section 7.4.1). */
export const CLOSE_CODE = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  INTERNAL_ERROR: 1011,
} as const

/** The {@link Peer} at the other end of a WebSocket. */
export class WebPeer implements Peer {
  readonly transport = 'websocket'
  readonly address: string
  readonly #socket: WebSocket
  readonly #handshakeTimeoutMs: number
  readonly #logger: Logger
  readonly #counters = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 }
  #handler: PeerHandler | undefined
  #handshakeTimer: NodeJS.Timeout | undefined
  #closed = false
  #paused = false
  #delivering = false
  #held: Uint8Array[] = []
  #heldBytes = 0

  constructor(socket: WebSocket, handshakeTimeoutMs: number, logger: Logger) {
    this.#socket = socket
    this.#handshakeTimeoutMs = handshakeTimeoutMs
    this.#logger = logger
    this.address = addressText(Buffer.from(socket.getRemoteAddressAsText()).toString())
  }

  /** Hands the peer to the service. A service that throws gets no further call. */
  connect(service: (peer: Peer) => PeerHandler): void {
    try {
      this.#handler = service(this)
      const message = `no message within ${this.#handshakeTimeoutMs} ms`
      this.#handshakeTimer = setTimeout(
        () => this.#refuse('ERR_CARILLON_HANDSHAKE_TIMEOUT', message),
        this.#handshakeTimeoutMs,
      )
    } catch (error) {
      this.#fail(error)
    }
  }

  get counters(): PeerCounters {
    return this.#counters
  }

  get queuedBytes(): number {
    return this.#closed ? 0 : this.#socket.getBufferedAmount()
  }

  send(message: Uint8Array): void {
    if (this.#closed) return
    if (this.#socket.send(message, true) === SEND_DROPPED) {
      this.#logger.warn(
        { address: this.address },
        'a client that does not read what it asked for was disconnected',
      )
      this.#socket.close()
      return
    }
    this.#counters.messagesOut++
    this.#counters.bytesOut += message.length
  }

  sendSamples(
    stream: number,
    sequence: number,
    memory: Uint8Array,
    start: number,
    end: number,
  ): void {
    const bytes = end - start
    const message = new Uint8Array(samplesHeadBytes(stream, sequence, bytes) + bytes)
    const at = writeSamplesHead(message, 0, stream, sequence, bytes)
    message.set(memory.subarray(start, end), at)
    this.send(message)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#deliver()
  }

  close(): void {
    this.end(CLOSE_CODE.NORMAL, '')
  }

  end(code: number, reason: string): void {
    if (!this.#closed) this.#socket.end(code, reason)
  }

  /** A frame has come. `data` is valid until the call returns. */
  onFrame(data: ArrayBuffer, isBinary: boolean): void {
    if (!isBinary) {
      this.#refuse('ERR_CARILLON_PROTOCOL', 'a text frame came, and messages come in binary ones')
      return
    }
    const { maxMessageBytes } = WEB_LIMITS
    if (data.byteLength > maxMessageBytes) {
      const size = `a message of ${data.byteLength} bytes is over the limit of ${maxMessageBytes} bytes`
      this.#refuse('ERR_CARILLON_MESSAGE_TOO_LARGE', size)
      return
    }
    clearTimeout(this.#handshakeTimer)
    this.#counters.messagesIn++
    this.#counters.bytesIn += data.byteLength
    this.#held.push(new Uint8Array(data.slice(0)))
    this.#heldBytes += data.byteLength
    this.#deliver()
    if (
      this.#held.length > WEB_LIMITS.heldMessagesMax ||
      this.#heldBytes > WEB_LIMITS.heldBytesMax
    ) {
      this.#refuse('ERR_CARILLON_LIMIT', 'more was sent than could be taken in meanwhile')
    }
  }

  onDrain(): void {
    if (this.queuedBytes <= WEB_LIMITS.drainedBytes) this.#call((handler) => handler.onDrain())
  }

  /** The WebSocket is gone and must not be touched again. */
  onClosed(): void {
    clearTimeout(this.#handshakeTimer)
    this.#closed = true
    this.#held = []
    this.#heldBytes = 0
    // The service may have caused this from inside a call: it is told after that one has returned.
    queueMicrotask(() => this.#call((handler) => handler.onClose()))
  }

  #deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    while (!this.#paused && !this.#closed) {
      const message = this.#held.shift()
      if (message === undefined) break
      this.#heldBytes -= message.length
      this.#call((handler) => handler.onMessage(message))
    }
    this.#delivering = false
  }

  #refuse(code: ErrorCode, message: string): void {
    this.#call((handler) => handler.onError(new ServiceError(code, message, { fatal: true })))
    this.close()
  }

  #call(event: (handler: PeerHandler) => void): void {
    if (this.#handler === undefined) return
    try {
      event(this.#handler)
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#logger.error({ err: error, address: this.address }, errorMessage(error))
    this.end(CLOSE_CODE.INTERNAL_ERROR, 'The server failed')
  }
}

/** An address as people write it: uWebSockets.js gives IPv6 in full, and IPv4 inside it. */
function addressText(address: string): string {
  if (!address.includes(':')) return address
  const canonical = new URL(`http://[${address}]`).hostname
  const mapped = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(canonical)
  if (mapped === null) return canonical
  return mapped
    .slice(1)
    .map((half) => Number.parseInt(half, 16))
    .map((half) => `${half >> 8}.${half & 255}`)
    .join('.')
}
