import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { checkInteger } from '../arguments.ts'
import { LogLimiter } from '../log-limiter.ts'
import { PACKAGE_ROOT } from '../package-root.ts'
import { printable } from '../printable.ts'
import { StateError } from '../reactor/errors.ts'
import type { ListenAddress } from '../reactor/transport.ts'
import { readConsoleFiles } from './console-files.ts'
import { answer, refuse } from './console-responses.ts'
import { HANDSHAKE_TIMEOUT_MS, HIGHEST_HANDSHAKE_TIMEOUT_MS, WEB_LIMITS } from './limits.ts'
import { listenWeb, resolveHost } from './listen-web.ts'
import type { Peer, PeerHandler } from './peer.ts'
import { isLoopbackAddress, isLoopbackHost, isSameOrigin } from './request-origin.ts'
import {
  loadUWebSockets,
  type SocketContext,
  type WebApp,
  type WebRequest,
  type WebResponse,
  type WebSocket,
  type WebSocketBehavior,
} from './uwebsockets.ts'
import { CLOSE_CODE, WebPeer } from './web-peer.ts'

/** The console's page as `scripts/build-web.mjs` leaves it. */
const BUILT_PAGE: string = join(PACKAGE_ROOT, 'dist/web')

export interface WebGatewayOptions extends ListenAddress {
  /** The service that each WebSocket is handed to. */
  readonly connect: (peer: Peer) => PeerHandler
  /** The folder of the built page. Default: the one of this package. */
  readonly root?: string
  /**
   * How long a client may take for its first message, in milliseconds: 1 to an hour. Default
   * {@link HANDSHAKE_TIMEOUT_MS}.
   */
  readonly handshakeTimeoutMs?: number
  /** Default: silent. */
  readonly logger?: Logger
}

/**
 * The console's port: serves its page over HTTP and carries the protocol's messages over the
 * WebSocket at `/ws`, one per binary frame.
 */
export class WebGateway {
  readonly #options: WebGatewayOptions
  readonly #logger: Logger
  readonly #limitedLog: LogLimiter
  readonly #handshakeTimeoutMs: number
  readonly #peers = new Map<WebSocket, WebPeer>()
  #opening: Promise<ListenAddress> | undefined
  #app: WebApp | undefined

  /** @throws {ArgumentError} where an option is out of its range. */
  constructor(options: WebGatewayOptions) {
    const { handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS } = options
    this.#options = options
    this.#handshakeTimeoutMs = checkInteger(
      'handshakeTimeoutMs',
      handshakeTimeoutMs,
      1,
      HIGHEST_HANDSHAKE_TIMEOUT_MS,
    )
    this.#logger = options.logger ?? pino({ enabled: false })
    this.#limitedLog = new LogLimiter(this.#logger)
  }

  /** WebSockets open now. */
  get connections(): number {
    return this.#peers.size
  }

  /**
   * Reads the page and starts to listen.
   *
   * @returns the bound address, its port never 0.
   * @throws {ListenError} `ERR_CARILLON_LISTEN` where the port cannot be opened
   * @throws {ConsoleUnavailableError} `ERR_CARILLON_CONSOLE_UNAVAILABLE` where the package that
   *   serves it, or the page, is missing
   * @throws {StateError} `ERR_CARILLON_STATE` where it runs
   */
  async start(): Promise<ListenAddress> {
    if (this.#opening !== undefined) {
      throw new StateError('ERR_CARILLON_STATE', 'start() needs a gateway that is stopped')
    }
    this.#opening = this.#open()
    try {
      return await this.#opening
    } catch (error) {
      this.#opening = undefined
      throw error
    }
  }

  /** Closes the port and every WebSocket. Resolves when each peer has been told. */
  async stop(): Promise<void> {
    await this.#opening?.catch(() => {})
    for (const peer of [...this.#peers.values()]) {
      peer.end(CLOSE_CODE.GOING_AWAY, 'The server stops')
    }
    this.#app?.close()
    this.#app = undefined
    this.#opening = undefined
    this.#limitedLog.flush()
    // The peers' last calls were planned before this: they come first.
    await Promise.resolve()
  }

  async #open(): Promise<ListenAddress> {
    const uWebSockets = loadUWebSockets()
    const [files, host] = await Promise.all([
      readConsoleFiles(this.#options.root ?? BUILT_PAGE),
      resolveHost(this.#options),
    ])
    const loopbackOnly = isLoopbackAddress(host)
    const app = uWebSockets.App()
    app.ws('/ws', this.#webSocketBehavior(loopbackOnly))
    app.any('/*', (response, request) => answer(response, request, files, loopbackOnly))
    const port = await listenWeb(uWebSockets, app, { host, port: this.#options.port })
    this.#app = app
    return { host, port }
  }

  #webSocketBehavior(loopbackOnly: boolean): WebSocketBehavior {
    return {
      maxPayloadLength: WEB_LIMITS.maxFrameBytes,
      maxBackpressure: WEB_LIMITS.queueBytesMax,
      idleTimeout: WEB_LIMITS.idleTimeoutS,
      sendPingsAutomatically: true,
      upgrade: (response, request, context) =>
        this.#upgrade(response, request, context, loopbackOnly),
      open: (socket) => {
        const peer = new WebPeer(socket, this.#handshakeTimeoutMs, this.#logger)
        this.#peers.set(socket, peer)
        peer.connect(this.#options.connect)
      },
      message: (socket, message, isBinary) => this.#peers.get(socket)?.onFrame(message, isBinary),
      drain: (socket) => this.#peers.get(socket)?.onDrain(),
      close: (socket, code, reason) => this.#closed(socket, code, Buffer.from(reason).toString()),
    }
  }

  #upgrade(
    response: WebResponse,
    request: WebRequest,
    context: SocketContext,
    loopbackOnly: boolean,
  ): void {
    const host = request.getHeader('host')
    const origin = request.getHeader('origin')
    const isForeign = origin !== '' && !isSameOrigin(origin, host)
    if (isForeign || (loopbackOnly && !isLoopbackHost(host))) {
      const fields = { host: printable(host), origin: printable(origin) }
      this.#limitedLog.log('warn', fields, 'a WebSocket from another site was refused')
      refuse(response, 'get', '403 Forbidden', 'Other sites get no WebSocket here')
      return
    }
    if (this.#peers.size >= WEB_LIMITS.maxConnections) {
      const fields = { limit: WEB_LIMITS.maxConnections }
      this.#limitedLog.log('warn', fields, 'a WebSocket too many was refused')
      refuse(response, 'get', '503 Service Unavailable', 'Too many consoles are connected')
      return
    }
    response.upgrade(
      {},
      request.getHeader('sec-websocket-key'),
      request.getHeader('sec-websocket-protocol'),
      request.getHeader('sec-websocket-extensions'),
      context,
    )
  }

  #closed(socket: WebSocket, code: number, reason: string): void {
    const peer = this.#peers.get(socket)
    if (peer === undefined) return
    this.#peers.delete(socket)
    peer.onClosed()
    this.#logger.debug({ address: peer.address, code, reason }, 'a WebSocket has closed')
  }
}
