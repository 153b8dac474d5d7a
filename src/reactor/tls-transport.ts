import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls'
import { checkInteger } from '../arguments.ts'
import { ArgumentError, errorMessage } from '../errors.ts'
import { ClientError } from './errors.ts'
import {
  DEFAULT_HANDSHAKES_MAX,
  DEFAULT_TLS_HANDSHAKE_TIMEOUT_MS,
  HIGHEST_MAX_CLIENTS,
  HIGHEST_TIMEOUT_MS,
} from './limits.ts'
import { NetConnection } from './net-connection.ts'
import { NodeTransport } from './node-transport.ts'
import type { Acceptor } from './transport.ts'

/** What Node's `tls.createServer` takes: `key`, `cert`, `ca`, `requestCert`, `minVersion`… */
export interface TlsTransportOptions
  extends Omit<
    TlsOptions,
    | 'handshakeTimeout'
    | 'allowHalfOpen'
    | 'pauseOnConnect'
    | 'noDelay'
    | 'keepAlive'
    | 'keepAliveInitialDelay'
    | 'ALPNProtocols'
    | 'ALPNCallback'
  > {
  /** How long a handshake may take: 1 to 2,147,483,647 ms. Default 10,000 ms. */
  readonly handshakeTimeoutMs?: number
  /** Most handshakes at a time: 1 to 1,048,576. Default 256. One more is reset. */
  readonly maxHandshakes?: number
}

/**
 * TLS over TCP, by Node's own `tls`. A connection is one for the engine once its handshake is done;
 * what fails before counts as one that could not be accepted, `ERR_CARILLON_TLS_HANDSHAKE`.
 *
 * `sendData` never answers `sent` here: TLS hears from the kernel in the next turn of the loop.
 */
export class TlsTransport extends NodeTransport {
  readonly #maxHandshakes: number
  readonly #tlsServer: Server
  #acceptor: Acceptor | undefined
  /** The TCP connections in handshakes, by both ends' addresses. */
  readonly #handshakes = new Map<string, Socket>()

  /** @throws {ArgumentError} where an option is out of its range, or the key and certificate cannot be used. */
  constructor(options: TlsTransportOptions) {
    super()
    const { handshakeTimeoutMs, maxHandshakes, ...tlsOptions } = options
    const handshakeTimeout = checkInteger(
      'handshakeTimeoutMs',
      handshakeTimeoutMs ?? DEFAULT_TLS_HANDSHAKE_TIMEOUT_MS,
      1,
      HIGHEST_TIMEOUT_MS,
    )
    this.#maxHandshakes = checkInteger(
      'maxHandshakes',
      maxHandshakes ?? DEFAULT_HANDSHAKES_MAX,
      1,
      HIGHEST_MAX_CLIENTS,
    )
    try {
      this.#tlsServer = createServer({ ...tlsOptions, handshakeTimeout })
    } catch (cause) {
      const message = `the key, the certificate and the other options are as tls.createServer takes them: ${errorMessage(cause)}`
      throw new ArgumentError(message, { cause })
    }
    this.#tlsServer.on('secureConnection', (socket) => this.#onSecure(socket))
    this.#tlsServer.on('tlsClientError', (error, socket) => this.#onFailed(error, socket))
  }

  protected override accept(socket: Socket, acceptor: Acceptor): void {
    this.#acceptor = acceptor
    if (this.#handshakes.size >= this.#maxHandshakes) {
      socket.resetAndDestroy()
      const message = `more than ${this.#maxHandshakes} handshakes at a time`
      acceptor.onAcceptError(new ClientError('ERR_CARILLON_TLS_HANDSHAKE', message))
      return
    }
    const key = addresses(socket)
    this.#handshakes.set(key, socket)
    socket.once('close', () => {
      // Its addresses may be another's by now.
      if (this.#handshakes.get(key) === socket) this.#handshakes.delete(key)
    })
    // Half-open only after the handshake: who ends within it has gone. The TLS socket inherits this.
    socket.allowHalfOpen = false
    // A server that does not listen does the handshakes for one that does.
    this.#tlsServer.emit('connection', socket)
  }

  override close(): Promise<void> {
    const closed = super.close()
    this.#acceptor = undefined
    for (const socket of this.#handshakes.values()) socket.destroy()
    return closed
  }

  #onSecure(socket: TLSSocket): void {
    this.#handshakes.delete(addresses(socket))
    // The transport may have been closed meanwhile.
    if (this.#acceptor === undefined) {
      socket.destroy()
      return
    }
    socket.allowHalfOpen = true
    new TlsConnection(socket).open(this.#acceptor)
  }

  #onFailed(cause: Error, socket: TLSSocket): void {
    // Node leaves one open whose time is over.
    socket.destroy()
    const message = `the TLS handshake failed: ${errorMessage(cause)}`
    const error = new ClientError('ERR_CARILLON_TLS_HANDSHAKE', message, { cause })
    this.#acceptor?.onAcceptError(error)
  }
}

class TlsConnection extends NetConnection {
  /**
   * Node cannot reset the connection under a TLS socket. What the kernel has may still go out; the
   * missing close_notify tells the peer that the end is not a good one.
   */
  protected override breakOff(socket: Socket): void {
    socket.destroy()
  }
}

/** Of both ends. One connection at a time has them, and its TLS socket says the same. */
function addresses(socket: Socket): string {
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}
