import { connect, type Socket } from 'node:net'
import {
  ClientMessage,
  DEFAULT_PORT,
  decodeServerMessage,
  type ServerMessage,
} from '../../proto/messages.ts'
import { ArgumentError, errorCode, errorMessage } from '../errors.ts'
import { formatAddress } from '../format-address.ts'
import { FullMessageInfo } from '../framing/framing-strategy.ts'
import { VarintPrefixedStrategy } from '../framing/varint-prefixed-strategy.ts'
import { systemReason } from '../system-reason.ts'
import { Deadline } from './deadline.ts'
import {
  type CarillonClientError,
  ConnectError,
  DisconnectedError,
  ProtocolError,
  TimeoutError,
} from './errors.ts'
import { CLOSE_TIMEOUT_MS, KEEP_ALIVE_DELAY_MS, MAX_MESSAGE_BYTES } from './limits.ts'
import { settleable } from './settleable.ts'

/** How a web server's answer begins, to whatever it does not understand. */
const HTTP_ANSWER = 'HTTP/'

/** Where a server is. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** What the system says where the server's end is reset, depending on what this end did last. */
const RESET_CODES = ['ECONNRESET', 'EPIPE']

/** Whether the other end broke the connection off. */
export function isReset(cause: unknown): boolean {
  return RESET_CODES.includes(errorCode(cause))
}

/** That there is no connection, and why. A server that is full resets who comes. */
export function cannotConnect(server: string, cause: unknown): ConnectError {
  const guess = isReset(cause) ? ' (the server may have as many clients as it takes)' : ''
  return new ConnectError(`cannot connect to ${server}: ${systemReason(cause)}${guess}`, { cause })
}

/** Messages to and from a server over TCP. */
export class Connection {
  /** `127.0.0.1:5555`, for sentences. */
  readonly server: string
  /** Gets each message, in order. */
  onMessage: (message: ServerMessage) => void = () => {}
  /** The last event, exactly once: why the connection is over. */
  onClose: (reason: CarillonClientError) => void = () => {}
  /** The longest message that the server takes. */
  maxSendBytes = MAX_MESSAGE_BYTES
  /** Why the connection is over; `undefined` while it is not. */
  reason: CarillonClientError | undefined
  readonly #socket: Socket
  readonly #framing = new VarintPrefixedStrategy({ maxMessageBytes: MAX_MESSAGE_BYTES })
  #incoming = new FullMessageInfo()
  #socketError: Error | undefined
  /** The first bytes that came, as many as tell a web server. */
  #beginning = ''

  private constructor(socket: Socket, server: string) {
    this.#socket = socket
    this.server = server
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', (error) => {
      this.#socketError = error
    })
    socket.on('close', () => this.#finish(this.#lost()))
  }

  /**
   * @throws {ConnectError} where nobody listens there.
   * @throws {TimeoutError} after `timeoutMs`.
   * @throws the signal's reason.
   */
  static async open(
    address: ServerAddress,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Connection> {
    signal?.throwIfAborted()
    const server = formatAddress(address)
    const socket = connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    })
    const { promise, resolve, reject } = settleable<void>()
    const deadline = new Deadline(timeoutMs, () => {
      reject(new TimeoutError(`${server} did not accept a connection within ${timeoutMs} ms`))
    })
    const abort = () => reject(signal?.reason)
    signal?.addEventListener('abort', abort)
    socket.once('connect', resolve)
    socket.once('error', (cause) => {
      reject(cannotConnect(server, cause))
    })
    try {
      await promise
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      deadline.cancel()
      signal?.removeEventListener('abort', abort)
    }
    return new Connection(socket, server)
  }

  /**
   * Sends one message, or does nothing where the connection is over.
   *
   * @throws {ArgumentError} where the message is longer than the server takes.
   */
  send(message: ClientMessage): void {
    if (this.reason !== undefined) return
    const bytes = ClientMessage.encode(message).finish()
    if (bytes.length > this.maxSendBytes) {
      const limit = `${this.server} takes messages of at most ${this.maxSendBytes} bytes`
      throw new ArgumentError(`${limit}, this one has ${bytes.length}`)
    }
    // What is sent in one turn of the event loop leaves in one system call.
    this.#socket.cork()
    for (const piece of this.#framing.encode(bytes)) this.#socket.write(piece)
    process.nextTick(() => this.#socket.uncork())
  }

  /** Ends the connection at once, for this reason. */
  fail(reason: CarillonClientError): void {
    this.#socket.destroy()
    this.#finish(reason)
  }

  /** Ends the connection at once. */
  abort(): void {
    this.fail(this.#closedHere())
  }

  /** Ends the connection once what was sent has left. */
  async close(): Promise<void> {
    this.#finish(this.#closedHere())
    if (this.#socket.closed) return
    await new Promise<void>((resolve) => {
      const deadline = new Deadline(CLOSE_TIMEOUT_MS, () => this.#socket.destroy())
      this.#socket.once('close', () => {
        deadline.cancel()
        resolve()
      })
      this.#socket.end()
    })
  }

  #receive(chunk: Buffer): void {
    const missing = HTTP_ANSWER.length - this.#beginning.length
    if (missing > 0) this.#beginning += chunk.toString('latin1', 0, missing)
    if (this.#beginning === HTTP_ANSWER) {
      this.fail(this.#webServer())
      return
    }
    let rest = chunk
    while (rest.length > 0 && this.reason === undefined) {
      const taken = this.#framing.processData(rest, this.#incoming)
      if (taken < 0) {
        this.#notUnderstood(this.#incoming.error)
        return
      }
      rest = rest.subarray(taken)
      if (!this.#incoming.complete) continue
      const { buffer } = this.#incoming
      this.#incoming = new FullMessageInfo()
      const message = this.#decode(buffer)
      if (message !== undefined) this.onMessage(message)
    }
  }

  #decode(bytes: Uint8Array): ServerMessage | undefined {
    try {
      return decodeServerMessage(bytes)
    } catch (error) {
      this.#notUnderstood(error)
      return undefined
    }
  }

  #notUnderstood(cause: unknown): void {
    const why = cause === undefined ? '' : `: ${errorMessage(cause)}`
    const sentence = `${this.server} sent what is not a message of Carillon's protocol${why}`
    this.fail(new ProtocolError(sentence, { cause }))
  }

  /** No message begins like one: "T" after a length would end a group that never began. */
  #webServer(): ProtocolError {
    const sentence = `${this.server} is a web server (it answers in HTTP); if it is Carillon's console, clients have a port of their own`
    return new ProtocolError(`${sentence}, ${DEFAULT_PORT} unless the server says another`)
  }

  #closedHere(): DisconnectedError {
    return new DisconnectedError(`the connection to ${this.server} was closed by this side`)
  }

  #lost(): DisconnectedError {
    const cause = this.#socketError
    const how =
      cause !== undefined
        ? `was lost: ${systemReason(cause)}`
        : this.#incoming.filledBytes > 0
          ? 'was closed by the server in the middle of a message'
          : 'was closed by the server'
    return new DisconnectedError(`the connection to ${this.server} ${how}`, { cause })
  }

  #finish(reason: CarillonClientError): void {
    if (this.reason !== undefined) return
    this.reason = reason
    this.onClose(reason)
  }
}
