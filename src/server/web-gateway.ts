import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { ListenError, StateError } from '../reactor/errors.ts'
import type { ListenAddress } from '../reactor/transport.ts'
import { type ConsoleFile, readConsoleFiles } from './console-files.ts'
import { WEB_LIMITS } from './limits.ts'
import type { Peer, PeerHandler } from './peer.ts'
import { printable } from './printable.ts'
import { isLoopbackAddress, isLoopbackHost, isSameOrigin } from './request-origin.ts'
import {
  loadUWebSockets,
  type SocketContext,
  type UWebSockets,
  type WebApp,
  type WebRequest,
  type WebResponse,
  type WebSocket,
  type WebSocketBehavior,
} from './uwebsockets.ts'
import { CLOSE_CODE, WebPeer } from './web-peer.ts'

/** The console's page as `scripts/build-web.mjs` leaves it. */
const BUILT_PAGE: string = join(import.meta.dirname, '../../web')

/** The page is its own three files and a WebSocket to where it came from; nothing else runs. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export interface WebGatewayOptions extends ListenAddress {
  /** The service that each WebSocket is handed to. */
  readonly connect: (peer: Peer) => PeerHandler
  /** The folder of the built page. Default: the one of this package. */
  readonly root?: string
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
  readonly #peers = new Map<WebSocket, WebPeer>()
  #opening: Promise<ListenAddress> | undefined
  #app: WebApp | undefined

  constructor(options: WebGatewayOptions) {
    this.#options = options
    this.#logger = options.logger ?? pino({ enabled: false })
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
    // The peers' last calls were planned before this: they come first.
    await Promise.resolve()
  }

  async #open(): Promise<ListenAddress> {
    const [uWebSockets, files, host] = await Promise.all([
      loadUWebSockets(),
      readConsoleFiles(this.#options.root ?? BUILT_PAGE),
      this.#resolveHost(),
    ])
    const loopbackOnly = isLoopbackAddress(host)
    const app = uWebSockets.App()
    app.ws('/ws', this.#webSocketBehavior(loopbackOnly))
    app.any('/*', (response, request) => answer(response, request, files, loopbackOnly))
    const address = { host, port: this.#options.port }
    const port = listen(uWebSockets, app, address)
    if (port === undefined) {
      app.close()
      throw new ListenError(address, await whyNot(address))
    }
    this.#app = app
    return { host, port }
  }

  async #resolveHost(): Promise<string> {
    const { host, port } = this.#options
    try {
      return (await lookup(host)).address
    } catch (cause) {
      throw new ListenError({ host, port }, cause)
    }
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
        const peer = new WebPeer(socket, this.#logger)
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
      this.#logger.warn(
        { host: printable(host), origin: printable(origin) },
        'a WebSocket from another site was refused',
      )
      refuse(response, 'get', '403 Forbidden', 'Other sites get no WebSocket here')
      return
    }
    if (this.#peers.size >= WEB_LIMITS.maxConnections) {
      this.#logger.warn({ limit: WEB_LIMITS.maxConnections }, 'a WebSocket too many was refused')
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

function answer(
  response: WebResponse,
  request: WebRequest,
  files: ReadonlyMap<string, ConsoleFile>,
  loopbackOnly: boolean,
): void {
  const method = request.getMethod()
  if (loopbackOnly && !isLoopbackHost(request.getHeader('host'))) {
    refuse(response, method, '403 Forbidden', 'The console is served to this machine only')
    return
  }
  if (method !== 'get' && method !== 'head') {
    refuse(response, method, '405 Method Not Allowed', 'There is nothing to do here but GET')
    return
  }
  const file = files.get(request.getUrl())
  if (file === undefined) {
    refuse(response, method, '404 Not Found', 'There is no such page')
    return
  }
  response
    .writeHeader('Content-Type', file.contentType)
    .writeHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY)
    .writeHeader('Cross-Origin-Resource-Policy', 'same-origin')
    .writeHeader('Referrer-Policy', 'no-referrer')
  finish(response, method, file.body)
}

function refuse(response: WebResponse, method: string, status: string, sentence: string): void {
  response.writeStatus(status).writeHeader('Content-Type', 'text/plain; charset=utf-8')
  if (status.startsWith('405')) response.writeHeader('Allow', 'GET, HEAD')
  finish(response, method, Buffer.from(`${sentence}\n`))
}

function finish(response: WebResponse, method: string, body: Uint8Array): void {
  response.writeHeader('Cache-Control', 'no-cache').writeHeader('X-Content-Type-Options', 'nosniff')
  if (method === 'head') response.writeHeader('Content-Length', `${body.length}`).endWithoutBody()
  // The connection is closed behind a body: else answers to requests sent ahead pile up unread.
  else response.end(body, true)
}

/** The port that `app` listens on from now; `undefined` where that failed. */
function listen(uWebSockets: UWebSockets, app: WebApp, address: ListenAddress): number | undefined {
  const { LIBUS_LISTEN_EXCLUSIVE_PORT } = uWebSockets
  let port: number | undefined
  app.listen(address.host, address.port, LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => {
    if (socket !== false) port = uWebSockets.us_socket_local_port(socket)
  })
  return port
}

/** uWebSockets.js says only that it cannot listen: an attempt of Node's own says why. */
async function whyNot(address: ListenAddress): Promise<unknown> {
  const probe = createServer()
  try {
    probe.listen({ ...address, exclusive: true })
    await once(probe, 'listening')
    return new Error('uWebSockets.js gives no reason')
  } catch (error) {
    return error
  } finally {
    probe.close()
  }
}
