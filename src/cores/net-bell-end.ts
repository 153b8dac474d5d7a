import type { Socket } from 'node:net'
import type { BellEnd } from './bell-end.ts'

/** Over a socket of Node's, where there is no reactor. */
export class NetBellEnd implements BellEnd {
  readonly #socket: Socket
  /** Bells that wait for the kernel to take the ones before. */
  #waiting = 0

  constructor(socket: Socket, onBells: (bits: number) => void) {
    this.#socket = socket
    socket.on('data', (bells: Buffer) => onBells(bells.reduce((all, some) => all | some, 0)))
    // A machine that ends resets its socket; its owner learns of the end otherwise.
    socket.on('error', () => {})
  }

  ring(bits: number): void {
    this.#waiting |= bits
    this.#flush()
  }

  close(): void {
    this.#socket.destroy()
  }

  #flush(): void {
    const { writable, writableLength } = this.#socket
    if (this.#waiting === 0 || !writable || writableLength > 0) return
    const bells = Uint8Array.of(this.#waiting)
    this.#waiting = 0
    this.#socket.write(bells, () => this.#flush())
  }
}
