import { connect, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ListenAddress } from '../../src/reactor/transport.ts'
import { Conditions } from './conditions.ts'

/** Connects, half-open. */
export type Dial = (address: ListenAddress) => Socket

export function dialTcp(address: ListenAddress): Socket {
  return connect({ ...address, allowHalfOpen: true, noDelay: true })
}

/** The other end of a connection, half-open: it closes when it is told to and not before. */
export class RawPeer extends Conditions {
  readonly socket: Socket
  hasEnded = false
  isClosed = false
  error: NodeJS.ErrnoException | undefined
  receivedBytes = 0
  #chunks: Buffer[] = []

  constructor(address: ListenAddress, dial: Dial = dialTcp) {
    super()
    this.socket = dial(address)
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

  /**
   * Breaks off, with a RST. Node cannot do that under TLS: there the kernel does, where what was
   * sent to this end is not read.
   */
  reset(): void {
    if (this.socket instanceof TLSSocket) this.socket.destroy()
    else this.socket.resetAndDestroy()
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
   * end, where it comes right behind data; under TLS it is the answer to a write.
   */
  async untilReset(): Promise<string | undefined> {
    await this.untilEnded()
    while (!this.isClosed) {
      this.socket.write('anybody there?')
      await new Promise((resolve) => setImmediate(resolve))
    }
    return this.error?.code
  }
}
