import { createRequire } from 'node:module'
import { errorCode, errorMessage } from '../errors.ts'
import { ConsoleUnavailableError } from './errors.ts'

/**
 * As much of uWebSockets.js as the gateway uses. Declared here because the package is optional:
 * Carillon compiles where it is not installed.
 */
export interface UWebSockets {
  App(): WebApp
  us_socket_local_port(socket: ListenSocket): number
  /** Without it a second listener gets the same port, and a share of its connections. */
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number
}

/** Opaque. */
export type ListenSocket = object

/** Opaque. */
export type SocketContext = object

export interface WebApp {
  any(pattern: string, handler: (response: WebResponse, request: WebRequest) => void): WebApp
  ws(pattern: string, behavior: WebSocketBehavior): WebApp
  /** Calls back before it returns. */
  listen(
    host: string,
    port: number,
    options: number,
    callback: (socket: ListenSocket | false) => void,
  ): WebApp
  /** Closes the listening socket and, without a farewell, every connection. */
  close(): WebApp
}

/** Valid until the handler that got it returns. */
export interface WebRequest {
  getHeader(lowerCaseName: string): string
  /** Lower case. */
  getMethod(): string
  /** The path as it was sent, without the query. */
  getUrl(): string
}

/** A handler must end it before it returns: uWebSockets.js aborts the process otherwise. */
export interface WebResponse {
  writeStatus(status: string): WebResponse
  writeHeader(name: string, value: string): WebResponse
  end(body?: string | Uint8Array, closeConnection?: boolean): WebResponse
  endWithoutBody(): WebResponse
  upgrade(
    userData: object,
    key: string,
    protocol: string,
    extensions: string,
    context: SocketContext,
  ): void
}

/** Throws where it is touched after its close event. */
export interface WebSocket {
  /** 0 queued, 1 sent, 2 dropped because `maxBackpressure` bytes wait already. */
  send(message: Uint8Array, isBinary: boolean): number
  getBufferedAmount(): number
  /** Sends what is queued, then a close frame. The close event comes before this returns. */
  end(code: number, reason: string): void
  /** Drops what is queued. The close event comes before this returns. */
  close(): void
  /** UTF-8. */
  getRemoteAddressAsText(): ArrayBuffer
}

export interface WebSocketBehavior {
  readonly maxPayloadLength: number
  readonly maxBackpressure: number
  /** Seconds. */
  readonly idleTimeout: number
  readonly sendPingsAutomatically: boolean
  upgrade(response: WebResponse, request: WebRequest, context: SocketContext): void
  open(socket: WebSocket): void
  /** `message` is valid until the handler returns. */
  message(socket: WebSocket, message: ArrayBuffer, isBinary: boolean): void
  drain(socket: WebSocket): void
  close(socket: WebSocket, code: number, reason: ArrayBuffer): void
}

const MAINTAINERS_RELEASE = 'npm install uNetworking/uWebSockets.js#v20.56.0'

/**
 * Loads uWebSockets.js.
 *
 * @throws {ConsoleUnavailableError} with the command that may help.
 */
export function loadUWebSockets(name = 'uWebSockets.js'): UWebSockets {
  const require = createRequire(import.meta.url)
  try {
    return require(name)
  } catch (cause) {
    throw new ConsoleUnavailableError(
      `The console needs uWebSockets.js, which ${problemOf(cause, name)}`,
      { cause },
    )
  }
}

function problemOf(error: unknown, name: string): string {
  // What the package itself asks for may be what is not there.
  if (errorCode(error) === 'MODULE_NOT_FOUND' && errorMessage(error).includes(`'${name}'`)) {
    return `is not installed. To get it: npm install uWebSockets.js@npm:uwebsockets, or the maintainer's release: ${MAINTAINERS_RELEASE}`
  }
  // The package puts a paragraph of its own before the reason, and Node a list of files after it.
  const lines = errorMessage(error).split('\n')
  const reason = lines.find((line) => line.startsWith('Error: ')) ?? lines[0]
  return `has no build that loads with Node ${process.versions.node} here (${reason}). The maintainer's release may have: ${MAINTAINERS_RELEASE}`
}
