import { connect, type Socket } from 'node:net'
import type { ListenAddress } from '../../src/reactor/transport.ts'
import { Conditions } from './conditions.ts'

/** A socket, and the TCP connection itself where that socket lies over it. */
export interface Dialled {
  readonly socket: Socket
  readonly tcpSocket: Socket
}

/** Connects, half-open. */
export type Dial = (address: ListenAddress) => Dialled

export function dialTcp(address: ListenAddress): Dialled {
  const socket = connect({ ...address, allowHalfOpen: true, noDelay: true })
  return { socket, tcpSocket: socket }
}

/** The other end of a connection, half-open: it closes when it is told to and not before. */
export class RawPeer extends Conditions {
  readonly socket: Socket
  readonly #tcpSocket: Socket
  hasEnded = false
  isClosed = false
  error: NodeJS.ErrnoException | undefined
  receivedBytes = 0
  #chunks: Buffer[] = []

  constructor(address: ListenAddress, dial: Dial = dialTcp) {
    super()
    const { socket, tcpSocket } = dial(address)
    this.socket = socket
    this.#tcpSocket = tcpSocket
    this.socket.on('connect', () => this.changed())
    this.socket.on('data', (chunk) => {
      this.#chunks.push(chunk)
      this.receivedBytes += chunk.length
      this.changed()
    })
    this.socket.on('end', () => {
      this.hasEnded = true
      this.changed()
    })
    this.socket.on('error', (error) => {
      this.error = error
    })
    this.socket.on('close', () => {
      this.isClosed = true
      this.changed()
    })
  }

  /** Breaks off, with a RST. */
  reset(): void {
    this.#tcpSocket.resetAndDestroy()
  }

  /** The address as the server sees it. */
  get address(): string {
    return `127.0.0.1:${this.socket.localPort}`
  }

  /** Everything received so far. */
  get received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0] ?? Buffer.alloc(0)
  }

  /** Resolves when exactly these bytes have come. */
  async untilReceived(bytes: Buffer): Promise<void> {
    await this.until(() => this.receivedBytes >= bytes.length || this.isClosed)
    if (bytes.equals(this.received)) return
    throw new Error(`received ${this.receivedBytes} bytes, not the ${bytes.length} expected`)
  }

  untilConnected(): Promise<void> {
    return this.until(() => !this.socket.connecting)
  }

  untilEnded(): Promise<void> {
    return this.until(() => this.hasEnded || this.isClosed)
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.isClosed)
  }

  /**
   * Resolves with what a write says after the other end's RST. Node may show the RST itself as an
   * end, where it comes right behind data.
   */
  async untilReset(): Promise<string | undefined> {
    await this.untilEnded()
    if (!this.isClosed) this.socket.write('anybody there?')
    await this.untilClosed()
    return this.error?.code
  }
}
