import type { Socket } from 'node:net'

/**
 * A connected socket that several cores share: a byte has a bit for each core that is rung, or that
 * rings. It is read whatever comes, because an emulated machine stands still while what it writes is
 * not read.
 */
export class CoresDoorbell {
  readonly #socket: Socket
  /** Bells that wait for the kernel to take the ones before, a bit for each core. */
  #waiting = 0

  /** @param onBell is called for each core that has rung, soon after. */
  constructor(socket: Socket, onBell: (core: number) => void) {
    this.#socket = socket
    socket.on('data', (bells: Buffer) => {
      const cores = bells.reduce((all, some) => all | some, 0)
      for (let core = 0; cores >> core !== 0; core++) if ((cores >> core) & 1) onBell(core)
    })
    // A machine that ends resets its socket; its owner learns of the end otherwise.
    socket.on('error', () => {})
  }

  /** Wakes a core. Does not block, and does not fail. */
  ring(core: number): void {
    this.#waiting |= 1 << core
    this.#flush()
  }

  /** Hears and rings nothing more. Harmless the second time. */
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
