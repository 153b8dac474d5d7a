import { constants } from 'node:os'
import { requireAddon } from './native-addon.ts'
import { systemError } from './system-error.ts'

/** No room now, of the socket or of the kernel. */
const NO_ROOM: ReadonlySet<number> = new Set(
  [constants.errno.EAGAIN, constants.errno.ENOBUFS, constants.errno.ENOMEM].map((errno) => -errno),
)

/**
 * Two connected sockets for bells: one end is this process's, the other is for one that it starts. The
 * bits of a byte say who is rung; what waits there is heard as one bell. Who waits is a `Reactor`.
 */
export class BellSocket {
  readonly #handle: number
  readonly #peer: number

  private constructor(handle: number, peer: number) {
    this.#handle = handle
    this.#peer = peer
  }

  /**
   * Makes one. Both ends are open until `close`, or until the thread ends.
   *
   * @throws {StateError} `ERR_CARILLON_NO_EPOLL` where the native addon is not there.
   * @throws {DescriptorsError} `ERR_CARILLON_DESCRIPTORS` where no descriptor is left.
   */
  static create(): BellSocket {
    const pair = requireAddon().createSocketPair()
    if (typeof pair === 'number') throw systemError('socketpair', pair)
    return new BellSocket(...pair)
  }

  /** To wait at; -1 once it is closed. */
  get fd(): number {
    return requireAddon().descriptorOf(this.#handle)
  }

  /** The other end, to hand on to a process. It blocks there until that process wants otherwise. */
  get peerFd(): number {
    return requireAddon().descriptorOf(this.#peer)
  }

  /** The bits of all that rang since the last time; undefined where nobody ever will again. */
  take(): number | undefined {
    const bits = requireAddon().takeBells(this.#handle)
    return bits < 0 ? undefined : bits
  }

  /**
   * Rings. Harmless where nobody hears any more.
   *
   * @param bits 1 to 255.
   * @returns whether there was room: where there is none, a bell has to be tried again.
   */
  ring(bits: number): boolean {
    return !NO_ROOM.has(requireAddon().sendBells(this.#handle, bits))
  }

  /** Closes the other end here: the process has its own by now, and its end is heard of. */
  closePeer(): void {
    requireAddon().closeDescriptor(this.#peer)
  }

  /** Closes both ends. Harmless the second time. */
  close(): void {
    this.closePeer()
    requireAddon().closeDescriptor(this.#handle)
  }
}
