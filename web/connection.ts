import {
  ClientMessage,
  decodeServerMessage,
  PROTOCOL_VERSION,
  type ServerMessage,
} from '../proto/messages.ts'
import { Backoff } from './model/backoff.ts'
import {
  readScope,
  readTelemetry,
  readWelcome,
  type ScopeReading,
  type ServerReading,
  type TelemetryReading,
} from './model/readings.ts'

/** Telemetry comes ten times a second: after this long without a word the server is not there. */
const SILENCE_MS_MAX = 5_000
const SILENCE_CHECK_MS = 1_000
/** A close code of our own (RFC 6455, 7.4.2): the server sent what is no message. */
const CLOSE_NOT_A_MESSAGE = 4002

export type ConnectionState = 'connecting' | 'connected' | 'disconnected'

export interface ConnectionEvents {
  onConnecting(): void
  onConnected(server: ServerReading): void
  /** Another attempt follows after `retryMs`. */
  onDisconnected(retryMs: number): void
  onTelemetry(telemetry: TelemetryReading): void
  onScope(scope: ScopeReading): void
  /** The server refused something, or could not be understood. */
  onError(code: string, message: string): void
}

/** The WebSocket to the server: opened again whenever it is lost, for as long as the page is there. */
export class Connection {
  readonly #url: string
  readonly #events: ConnectionEvents
  readonly #backoff = new Backoff()
  #socket: WebSocket | undefined
  #retryTimer = 0
  #heardAtMs = 0

  constructor(url: string, events: ConnectionEvents) {
    this.#url = url
    this.#events = events
  }

  start(): void {
    setInterval(() => this.#checkSilence(), SILENCE_CHECK_MS)
    this.#open()
  }

  /** Ends the wait for the next attempt. */
  retryNow(): void {
    if (this.#socket === undefined) this.#open()
  }

  #open(): void {
    clearTimeout(this.#retryTimer)
    const socket = new WebSocket(this.#url)
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    this.#heardAtMs = performance.now()
    this.#events.onConnecting()
    socket.addEventListener('open', () => {
      this.#send({
        request: 1,
        hello: { protocolVersion: PROTOCOL_VERSION, clientName: 'console' },
      })
    })
    socket.addEventListener('message', ({ data }) => {
      if (socket === this.#socket) this.#receive(new Uint8Array(data))
    })
    socket.addEventListener('close', () => this.#lost(socket))
  }

  #send(message: ClientMessage): void {
    this.#socket?.send(new Uint8Array(ClientMessage.encode(message).finish()))
  }

  #receive(bytes: Uint8Array): void {
    this.#heardAtMs = performance.now()
    let message: ServerMessage
    try {
      message = decodeServerMessage(bytes)
    } catch {
      this.#events.onError('', 'The server sent what this page does not understand: reload it.')
      this.#socket?.close(CLOSE_NOT_A_MESSAGE)
      return
    }
    this.#dispatch(message)
  }

  #dispatch({ welcome, telemetry, scope, error }: ServerMessage): void {
    if (welcome) {
      this.#events.onConnected(readWelcome(welcome))
      this.#send({ request: 2, subscribe: { telemetry: true, scope: true } })
    } else if (telemetry) {
      this.#backoff.reset()
      this.#events.onTelemetry(readTelemetry(telemetry))
    } else if (scope) {
      const reading = readScope(scope)
      if (reading !== undefined) this.#events.onScope(reading)
    } else if (error) {
      this.#events.onError(error.code ?? '', error.message ?? '')
    }
  }

  #checkSilence(): void {
    const socket = this.#socket
    if (socket === undefined || performance.now() - this.#heardAtMs < SILENCE_MS_MAX) return
    // Its close event may be minutes away where the other end is gone.
    socket.close()
    this.#lost(socket)
  }

  #lost(socket: WebSocket): void {
    if (socket !== this.#socket) return
    this.#socket = undefined
    const retryMs = this.#backoff.next()
    this.#retryTimer = setTimeout(() => this.#open(), retryMs)
    this.#events.onDisconnected(retryMs)
  }
}
