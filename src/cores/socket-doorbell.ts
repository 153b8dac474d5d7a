import type { Socket } from 'node:net'
import type { Doorbell } from './doorbell.ts'

/**
 * A connected socket, for a core that is a process where there are no eventfds: a byte in either
 * direction is a bell. It is read whatever comes, so that there is always room for the core's next one.
 */
export class SocketDoorbell implements Doorbell {
  readonly #socket: Socket

  constructor(socket: Socket, onBell: () => void) {
    this.#socket = socket
    socket.on('data', onBell)
    // A core that ends resets its socket; its owner learns of the end otherwise.
    socket.on('error', () => {})
  }

  ring(): void {
    // A bell that the kernel has not taken yet stands for this one as well.
    const { writableLength, writable } = this.#socket
    if (writable && writableLength === 0) this.#socket.write('\0')
  }

  close(): void {
    this.#socket.destroy()
  }
}
