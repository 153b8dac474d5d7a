import type { Logger } from 'pino'
import {
  SAMPLES_HEAD_BYTES_MAX,
  samplesHeadBytes,
  writeSamplesHead,
  writeVarint,
} from '../../proto/samples.ts'
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

/** The size in front of a message: at most 32 bits as a varint. */
const SIZE_BYTES_MAX = 5

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
      // Samples go from there straight to a ring.
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

/** Of the message that is being sent, with its size in front: there is one at a time. */
const HEAD = new Uint8Array(SIZE_BYTES_MAX + SAMPLES_HEAD_BYTES_MAX)
/** Its first bytes, by how many: to make a view takes longer than to fill it. */
const HEADS = Array.from({ length: HEAD.length + 1 }, (_, bytes) => HEAD.subarray(0, bytes))

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

  sendSamples(
    stream: number,
    sequence: number,
    memory: Uint8Array,
    start: number,
    end: number,
  ): void {
    const bytes = end - start
    const headBytes = samplesHeadBytes(stream, sequence, bytes)
    const at = writeVarint(HEAD, 0, headBytes + bytes)
    const headEnd = writeSamplesHead(HEAD, at, stream, sequence, bytes)
    this.#client.sendLent(HEADS[headEnd] as Uint8Array, memory, start, end)
  }

  pause(): void {
    this.#client.pause()
  }

  putBack(): boolean {
    return this.#client.putBack()
  }

  resume(): void {
    this.#client.resume()
  }

  close(): void {
    this.#client.close()
  }
}
