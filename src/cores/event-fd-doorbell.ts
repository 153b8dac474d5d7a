import { EventFd } from '../reactor/event-fd.ts'
import { Reactor } from '../reactor/reactor.ts'
import type { Watch } from '../reactor/watches.ts'
import type { Doorbell } from './doorbell.ts'

/** Two eventfds, for a core that is a process of this machine. It inherits their descriptors. */
export class EventFdDoorbell implements Doorbell {
  readonly #toCore: EventFd
  readonly #fromCore: EventFd
  readonly #watch: Watch

  private constructor(toCore: EventFd, fromCore: EventFd, onBell: () => void) {
    this.#toCore = toCore
    this.#fromCore = fromCore
    this.#watch = Reactor.shared.watchEventFd(fromCore, onBell)
  }

  /** @throws the system's error (`EMFILE`…), and where there is no reactor, as `EventFd.create`. */
  static create(onBell: () => void): EventFdDoorbell {
    const made: EventFd[] = []
    return closing(made, () => {
      const toCore = keep(made, EventFd.create())
      return new EventFdDoorbell(toCore, keep(made, EventFd.create()), onBell)
    })
  }

  /**
   * Over descriptors of eventfds that somebody else made, which stay theirs.
   *
   * @throws as {@link create}; `EBADF` or `EINVAL` where one is no eventfd.
   */
  static adopt(toCoreFd: number, fromCoreFd: number, onBell: () => void): EventFdDoorbell {
    const made: EventFd[] = []
    return closing(made, () => {
      const toCore = keep(made, EventFd.adopt(toCoreFd))
      return new EventFdDoorbell(toCore, keep(made, EventFd.adopt(fromCoreFd)), onBell)
    })
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

function keep(made: EventFd[], one: EventFd): EventFd {
  made.push(one)
  return one
}

/** What was made before something failed is closed. */
function closing<T>(made: readonly EventFd[], make: () => T): T {
  try {
    return make()
  } catch (error) {
    for (const one of made) one.close()
    throw error
  }
}
