import type { Socket } from 'node:net'
import { formatAddress } from '../format-address.ts'
import { ChunkQueue } from './chunk-queue.ts'
import { detached } from './errors.ts'
import { HeldMemory } from './held-memory.ts'
import type { Acceptor, Connection, ConnectionHandler } from './transport.ts'

/** A connection of one of Node's own sockets, bare or with TLS. */
export class NetConnection implements Connection {
  readonly remoteAddress: string

  readonly #socket: Socket
  #handler: ConnectionHandler | undefined
  /** As of the last write or drain. Of its own, because a socket forgets its queue when it breaks. */
  #queuedBytes = 0
  /** Whether a write was answered false and the queue has not been empty since. */
  #owesDrain = false
  #error: Error | undefined
  /** What the socket has not sent. Only while there is something. */
  #queue: ChunkQueue | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    // No address where the peer is gone before it is accepted.
    const { remoteAddress: host = 'unknown', remotePort: port = 0 } = socket
    this.remoteAddress = formatAddress({ host, port })
    // At once: a refused connection may break as well.
    socket.on('error', (error) => {
      this.#error = error
    })
  }

  /** Offers the connection to the acceptor, and begins or ends with its answer. */
  open(acceptor: Acceptor): void {
    const handler = acceptor.onConnection(this)
    if (handler === null) {
      this.reset()
      return
    }
    this.#handler = handler
    // The first listener for data starts the reading, unless it was paused.
    this.#socket.on('data', (chunk) => handler.onData(chunk))
    this.#socket.on('end', () => handler.onEnd())
    this.#socket.on('close', () => handler.onClose(this.#error))
  }

  get deferredBytes(): number {
    return 0
  }

  flush(): void {}

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  write(chunks: readonly Uint8Array[]): boolean {
    return this.#write(chunks, this.#onWritten)
  }

  writeHeld(chunks: readonly Uint8Array[], release: () => void): boolean {
    const held = new HeldMemory(release)
    // Node calls back once for each, also where it does not write it.
    for (const chunk of chunks) if (chunk.length > 0 && !this.#socket.destroyed) held.use()
    const isFree = this.#write(chunks, (error) => {
      held.letGo()
      this.#onWritten(error)
    })
    held.letGo()
    return isFree
  }

  #write(chunks: readonly Uint8Array[], onWritten: (error?: Error | null) => void): boolean {
    const socket = this.#socket
    if (socket.destroyed) {
      // Broken, and `close` is on its way.
      for (const chunk of chunks) this.#queuedBytes += chunk.length
      return false
    }
    socket.cork()
    for (const chunk of chunks) if (chunk.length > 0) socket.write(chunk, onWritten)
    socket.uncork()
    this.#queuedBytes = socket.writableLength
    if (this.#queuedBytes === 0) return true
    this.#owesDrain = true
    this.#queue ??= new ChunkQueue()
    this.#queue.push(chunks)
    return false
  }

  writeSlice(memory: Buffer, start: number, end: number): boolean {
    return this.write([memory.subarray(start, end)])
  }

  pauseReading(): void {
    this.#socket.pause()
  }

  resumeReading(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  reset(): void {
    const socket = this.#socket
    if (socket.destroyed) return
    // libuv refuses to reset a socket between the call of shutdown(2) and its completion (EINVAL),
    // and Node then emits neither `close` nor anything else, and spins. The queue is empty by then,
    // so `finish` is a turn of the loop away.
    const isShuttingDown =
      socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished
    if (isShuttingDown) socket.pause().once('finish', () => this.breakOff(socket))
    else this.breakOff(socket)
  }

  protected breakOff(socket: Socket): void {
    socket.resetAndDestroy()
  }

  /** The same function for every write, which lets Node call it for a batch at a time. */
  readonly #onWritten = (error?: Error | null): void => {
    // Node calls back without an error for what it gives up when a socket is destroyed.
    if (error || this.#socket.destroyed || !this.#owesDrain) return
    const queuedBytes = this.#socket.writableLength
    const hasFallen = queuedBytes < this.#queuedBytes
    // Node sends what it finds in the place of what is gone: nothing.
    if (this.#queue?.isIntact === false) {
      this.#error = detached()
      this.breakOff(this.#socket)
      return
    }
    this.#queuedBytes = queuedBytes
    if (queuedBytes === 0) {
      this.#owesDrain = false
      this.#queue = undefined
    }
    if (hasFallen || queuedBytes === 0) this.#handler?.onDrain()
  }
}
