import { NetTransport } from '../../src/reactor/net-transport.ts'
import type {
  Acceptor,
  Connection,
  ConnectionHandler,
  ConnectionOptions,
  ListenAddress,
  Transport,
} from '../../src/reactor/transport.ts'

const POISON = 0xdb

/**
 * `net`, with one receive buffer for all connections that is overwritten as soon as `onData`
 * returns: what a transport with an arena may do, at its most merciless.
 */
export class ReusingTransport implements Transport {
  readonly #net = new NetTransport()
  readonly #arena = Buffer.alloc(64 * 1024)

  listen(
    address: ListenAddress,
    acceptor: Acceptor,
    options: ConnectionOptions,
  ): Promise<ListenAddress> {
    const arena = this.#arena
    return this.#net.listen(
      address,
      {
        onAcceptError: (error) => acceptor.onAcceptError(error),
        onConnection: (connection) => {
          const handler = acceptor.onConnection(new ReusingConnection(connection, arena))
          return handler && new ReusingHandler(handler, arena)
        },
      },
      options,
    )
  }

  close(): Promise<void> {
    return this.#net.close()
  }
}

class ReusingConnection implements Connection {
  readonly #connection: Connection
  readonly #arena: Buffer

  constructor(connection: Connection, arena: Buffer) {
    this.#connection = connection
    this.#arena = arena
  }

  get remoteAddress(): string {
    return this.#connection.remoteAddress
  }

  get deferredBytes(): number {
    return this.#connection.deferredBytes
  }

  flush(): void {
    this.#connection.flush()
  }

  get queuedBytes(): number {
    return this.#connection.queuedBytes
  }

  write(chunks: readonly Uint8Array[]): boolean {
    return this.#connection.write(
      chunks.map((chunk) => (chunk.buffer === this.#arena.buffer ? Buffer.from(chunk) : chunk)),
    )
  }

  writeSlice(memory: Buffer, start: number, end: number): boolean {
    return this.write([memory.subarray(start, end)])
  }

  writeHeld(chunks: readonly Uint8Array[], release: () => void): boolean {
    const own = chunks.map((chunk) =>
      chunk.buffer === this.#arena.buffer ? Buffer.from(chunk) : chunk,
    )
    return this.#connection.writeHeld(own, release)
  }

  pauseReading(): void {
    this.#connection.pauseReading()
  }

  resumeReading(): void {
    this.#connection.resumeReading()
  }

  end(): void {
    this.#connection.end()
  }

  reset(): void {
    this.#connection.reset()
  }
}

class ReusingHandler implements ConnectionHandler {
  readonly #handler: ConnectionHandler
  readonly #arena: Buffer

  constructor(handler: ConnectionHandler, arena: Buffer) {
    this.#handler = handler
    this.#arena = arena
  }

  onData(chunk: Buffer): void {
    chunk.copy(this.#arena)
    this.#handler.onData(this.#arena.subarray(0, chunk.length))
    this.#arena.fill(POISON)
  }

  onQueued(): void {
    this.#handler.onQueued()
  }

  onDrain(): void {
    this.#handler.onDrain()
  }

  onEnd(): void {
    this.#handler.onEnd()
  }

  onClose(error?: Error): void {
    this.#handler.onClose(error)
  }
}
