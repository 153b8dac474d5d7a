import { EventFd } from '../reactor/event-fd.ts'
import { Reactor } from '../reactor/reactor.ts'
import type { Watch } from '../reactor/watches.ts'
import type { Doorbell } from './doorbell.ts'

/** Two eventfds, for a core that is a process of this machine. It inherits their descriptors. */
export class EventFdDoorbell implements Doorbell {
  readonly #toCore: EventFd
  readonly #fromCore: EventFd
  readonly #watch: Watch

  private constructor(toCore: EventFd, fromCore: EventFd, onBell: () => void, reactor: Reactor) {
    this.#toCore = toCore
    this.#fromCore = fromCore
    this.#watch = reactor.watchEventFd(fromCore, onBell)
  }

  /**
   * @param reactor hears the bells. Default the thread's own.
   * @throws {DescriptorsError} where no descriptor is left, and where there is no reactor, as `EventFd.create`.
   */
  static create(onBell: () => void, reactor?: Reactor): EventFdDoorbell {
    return EventFdDoorbell.#over(EventFd.create, EventFd.create, onBell, reactor)
  }

  /**
   * Over descriptors of eventfds that somebody else made, which stay theirs.
   *
   * @throws as {@link create}; `EBADF` or `EINVAL` where one is no eventfd.
   */
  static adopt(toCoreFd: number, fromCoreFd: number, onBell: () => void): EventFdDoorbell {
    const adopting = (fd: number) => () => EventFd.adopt(fd)
    return EventFdDoorbell.#over(adopting(toCoreFd), adopting(fromCoreFd), onBell)
  }

  /** What was opened before something failed is closed. */
  static #over(
    openToCore: () => EventFd,
    openFromCore: () => EventFd,
    onBell: () => void,
    reactor?: Reactor,
  ): EventFdDoorbell {
    const toCore = openToCore()
    let fromCore: EventFd | undefined
    try {
      fromCore = openFromCore()
      return new EventFdDoorbell(toCore, fromCore, onBell, reactor ?? Reactor.shared)
    } catch (error) {
      toCore.close()
      fromCore?.close()
      throw error
    }
  }

  /** The descriptors for the core: the one that it waits at, and the one that it rings. */
  get fds(): { readonly wait: number; readonly ring: number } {
    return { wait: this.#toCore.fd, ring: this.#fromCore.fd }
  }

  ring(): void {
    this.#toCore.signal()
  }

  close(): void {
    this.#watch.close()
    this.#toCore.close()
    this.#fromCore.close()
  }
}
