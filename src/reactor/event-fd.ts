import { checkInteger } from '../arguments.ts'
import { HIGHEST_DESCRIPTOR } from './limits.ts'
import { requireAddon } from './native-addon.ts'
import { systemError } from './system-error.ts'

/** An eventfd that another thread may signal: send it in a message, and call `EventFd.from`. */
export interface EventFdHandle {
  /** Of this process only; never used again. */
  readonly eventFd: number
}

/**
 * A counter in the kernel that wakes who waits for it: Linux's eventfd(2). Many signals before the
 * waiter comes to look are one wake-up.
 *
 * Any thread of the process may signal one, by its `handle`; any process that was given its `fd`,
 * by writing eight bytes. Who waits is a `Reactor`.
 */
export class EventFd {
  readonly #handle: number
  readonly #owns: boolean

  private constructor(handle: number, owns: boolean) {
    this.#handle = handle
    this.#owns = owns
  }

  /**
   * Makes one. It is open until `close`.
   *
   * @throws {StateError} `ERR_CARILLON_NO_EPOLL` where the native addon is not there.
   * @throws {DescriptorsError} `ERR_CARILLON_DESCRIPTORS` where no descriptor is left.
   */
  static create(): EventFd {
    const handle = requireAddon().createEventFd()
    if (handle < 0) throw systemError('eventfd', handle)
    return new EventFd(handle, true)
  }

  /**
   * One over a copy of a descriptor that this process was given. Whoever has the eventfd finds it
   * non-blocking from then on: no signal may hold up a thread.
   *
   * @throws as `create`; `EBADF` where `fd` is no open descriptor, `EINVAL` where it is no eventfd.
   */
  static adopt(fd: number): EventFd {
    checkInteger('fd', fd, 0, HIGHEST_DESCRIPTOR)
    const handle = requireAddon().adoptEventFd(fd)
    if (handle < 0) throw systemError('fcntl', handle)
    return new EventFd(handle, true)
  }

  /** The one that another thread of this process made. Its `close` is for that thread to call. */
  static from(handle: EventFdHandle): EventFd {
    return new EventFd(handle.eventFd, false)
  }

  /** To send to another thread. */
  get handle(): EventFdHandle {
    return { eventFd: this.#handle }
  }

  /** The descriptor, to hand on to a process; -1 once it is closed. */
  get fd(): number {
    return requireAddon().descriptorOf(this.#handle)
  }

  /** Wakes who waits. False where nobody can: it is closed. */
  signal(): boolean {
    return requireAddon().signalEventFd(this.#handle) === 0
  }

  /**
   * Closes the descriptor, whatever other threads still do with the handle. A thread that ends
   * closes those that it made or adopted. Harmless the second time.
   */
  close(): void {
    if (this.#owns) requireAddon().closeDescriptor(this.#handle)
  }
}
