import type { Logger } from 'pino'
import type { CarillonError } from '../errors.ts'
import type { TcpClient } from '../reactor/tcp-client.ts'
import { TcpEngine } from '../reactor/tcp-engine.ts'
import type { Transport } from '../reactor/transport.ts'
import { HelloFirstStrategy } from './hello-first-strategy.ts'
import {
  HANDSHAKE_TIMEOUT_MS,
  IDLE_TIMEOUT_MS,
  MESSAGE_TIMEOUT_MS,
  QUEUE_BYTES_MAX,
  QUEUE_HIGH_BYTES,
} from './limits.ts'
import type { Peer, PeerHandler } from './peer.ts'

/** The protocol over TCP: size-delimited messages between clients and a service. */
export class DspServer extends TcpEngine {
  readonly #connect: (peer: Peer) => PeerHandler
  readonly #handlers = new Map<number, PeerHandler>()

  /**
   * @param connect gives each client its handler.
   * @param transport default: epoll where there is one, else `net`.
   */
  constructor(connect: (peer: Peer) => PeerHandler, logger: Logger, transport?: Transport) {
    super(() => new HelloFirstStrategy(), {
      logger,
      // Nothing of a message outlives its hook but blocks that find no room, which are copied then.
      messages: 'borrowed',
      // What a session goes by as well: it is told once its queue has fallen from there.
      highWatermarkBytes: QUEUE_HIGH_BYTES,
      maxQueuedBytes: QUEUE_BYTES_MAX,
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      messageTimeoutMs: MESSAGE_TIMEOUT_MS,
      idleTimeoutMs: IDLE_TIMEOUT_MS,
      ...(transport !== undefined && { transport }),
    })
    this.#connect = connect
  }

  protected override onClientConnected(client: TcpClient): void {
    this.#handlers.set(client.id, this.#connect(new TcpPeer(client)))
  }

  protected override onClientMessage(client: TcpClient, message: Buffer): void {
    this.#handlers.get(client.id)?.onMessage(message)
  }

  protected override onClientDrain(client: TcpClient): void {
    this.#handlers.get(client.id)?.onDrain()
  }

  protected override onClientError(client: TcpClient, error: CarillonError): void {
    this.#handlers.get(client.id)?.onError(error)
  }

  protected override onClientDisconnected(client: TcpClient): void {
    const handler = this.#handlers.get(client.id)
    this.#handlers.delete(client.id)
    handler?.onClose()
  }
}

class TcpPeer implements Peer {
  readonly transport = 'tcp'
  readonly #client: TcpClient

  constructor(client: TcpClient) {
    this.#client = client
  }

  get address(): string {
    return this.#client.remoteAddress
  }

  get queuedBytes(): number {
    return this.#client.queuedBytes
  }

  get counters() {
    return this.#client.stats()
  }

  send(message: Uint8Array): void {
    this.#client.sendMessage(message)
  }

  pause(): void {
    this.#client.pause()
  }

  resume(): void {
    this.#client.resume()
  }

  close(): void {
    this.#client.close()
  }
}
