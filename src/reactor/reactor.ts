import { checkInteger } from '../arguments.ts'
import { ViewCache } from '../framing/view-cache.ts'
import { StateError } from './errors.ts'
import type { EventFd } from './event-fd.ts'
import { HIGHEST_BUSY_POLL_US, HIGHEST_TIMER_US } from './limits.ts'
import { EpollEvents, loadAddon, type Poller, type PollerStats } from './native-addon.ts'
import { SendList } from './send-list.ts'
import { SystemError } from './system-error.ts'

export interface ReactorOptions {
  /**
   * How long the reactor goes on asking for events after it handled some, before it sleeps: 0 to
   * 1,000 microseconds. Default 0. It answers sooner by the time that waking takes, and keeps one
   * processor busy for that long after each event.
   */
  readonly busyPollUs?: number
}

/** What a watched descriptor is ready for. */
export interface Readiness {
  readonly readable: boolean
  readonly writable: boolean
  /** The other side hung up, or an error is pending. Told whatever was asked for. */
  readonly hungUp: boolean
}

export interface WatchInterest {
  readonly readable?: boolean
  readonly writable?: boolean
}

/** Something that the reactor waits for. */
export interface Watch {
  /** What is waited for from now on. */
  update(interest: WatchInterest): void
  /** Ends it. The descriptor stays open. Harmless the second time. */
  close(): void
}

/** A timer of microsecond resolution. */
export interface ReactorTimer {
  /**
   * Calls back after `firstUs`, then every `intervalUs` where that is not 0. What was set before is
   * forgotten. 1 µs to 2^52 µs; `firstUs` of 0 stops it.
   */
  set(firstUs: number, intervalUs?: number): void
  /** Harmless the second time. */
  close(): void
}

/** What the reactor calls for a slot. */
export interface SlotOwner {
  onRecord(kind: number, a: number, b: number): void
}

/**
 * Waits for many descriptors at a time, by an epoll instance of its own under Node's event loop, and
 * lives in the thread that made it. What is ready is taken in batches: every ready socket is read
 * into one arena, then everything is handed out at once, and what was sent meanwhile goes to the
 * kernel at the end.
 *
 * Linux only, and only with the native addon: see `Reactor.unavailable`.
 */
export class Reactor {
  static #shared: Reactor | undefined

  readonly #poller: Poller
  readonly #owners: (SlotOwner | undefined)[] = []
  readonly #arena: Buffer
  readonly #views = new ViewCache()
  #holds = 0
  #isDispatching = false
  #isFlushScheduled = false
  #isClosed = false

  /** What is to be sent when the turn ends. For transports. */
  readonly sends: SendList

  /** Why there can be no reactor here, or `undefined`. */
  static get unavailable(): string | undefined {
    const addon = loadAddon()
    return 'reason' in addon ? addon.reason : undefined
  }

  /** The thread's own, made at the first call. It is never closed. */
  static get shared(): Reactor {
    Reactor.#shared ??= new Reactor()
    return Reactor.#shared
  }

  /**
   * @throws {ArgumentError} where an option is out of its range.
   * @throws {StateError} `ERR_CARILLON_NO_EPOLL` where there can be none here.
   */
  constructor(options: ReactorOptions = {}) {
    const busyPollUs = checkInteger('busyPollUs', options.busyPollUs ?? 0, 0, HIGHEST_BUSY_POLL_US)
    const addon = loadAddon()
    if ('reason' in addon) throw new StateError('ERR_CARILLON_NO_EPOLL', addon.reason)
    this.#poller = new addon.Poller((count) => this.#dispatch(count), busyPollUs)
    const { arena } = this.#poller
    this.#arena = Buffer.from(arena.buffer, arena.byteOffset, arena.length)
    this.sends = new SendList(this.#poller, addon.limits)
  }

  /**
   * Waits for a descriptor of somebody else: a device, a pipe, a socket. Calls back while it is
   * ready, at every turn. Close the watch before the descriptor.
   *
   * @throws the system's error: `EPERM` for a regular file, `EEXIST` where it is watched already.
   */
  watch(fd: number, interest: WatchInterest, onReady: (readiness: Readiness) => void): Watch {
    const slot = this.#checked('epoll_ctl', this.#poller.watch(fd, eventsOf(interest)))
    this.adopt(slot, {
      onRecord: (_kind, events) =>
        onReady({
          readable: (events & EpollEvents.in) !== 0,
          writable: (events & EpollEvents.out) !== 0,
          hungUp: (events & (EpollEvents.error | EpollEvents.hangUp)) !== 0,
        }),
    })
    let isOpen = true
    return {
      update: (next) => {
        if (isOpen) this.setInterest(slot, eventsOf(next))
      },
      close: () => {
        if (isOpen) this.release(slot)
        isOpen = false
      },
    }
  }

  /**
   * Waits for an eventfd. Calls back once for any number of signals since the last time.
   *
   * @param onSignal told how many, at most 2^31-1.
   * @throws the system's error.
   */
  watchEventFd(eventFd: EventFd, onSignal: (count: number) => void): Watch {
    const { eventFd: handle } = eventFd.handle
    const slot = this.#checked('epoll_ctl', this.#poller.watchEventFd(handle))
    this.adopt(slot, { onRecord: (_kind, count) => onSignal(count) })
    let isOpen = true
    return {
      update: ({ readable = false }) => {
        if (isOpen) this.setInterest(slot, eventsOf({ readable }))
      },
      close: () => {
        if (isOpen) this.release(slot)
        isOpen = false
      },
    }
  }

  /**
   * A timer, not set yet: Linux's timerfd, on the monotonic clock.
   *
   * @param onExpire told how often it went off since the last time.
   * @throws the system's error.
   */
  timer(onExpire: (count: number) => void): ReactorTimer {
    const slot = this.#checked('timerfd_create', this.#poller.addTimer())
    this.adopt(slot, { onRecord: (_kind, count) => onExpire(count) })
    let isOpen = true
    return {
      set: (firstUs, intervalUs = 0) => {
        checkInteger('firstUs', firstUs, 0, HIGHEST_TIMER_US)
        checkInteger('intervalUs', intervalUs, 0, HIGHEST_TIMER_US)
        if (!isOpen) return
        const result = this.#poller.setTimer(slot, firstUs, firstUs === 0 ? 0 : intervalUs)
        this.#checked('timerfd_settime', result)
      },
      close: () => {
        if (isOpen) this.release(slot)
        isOpen = false
      },
    }
  }

  /**
   * Makes what is sent from `memory` go to the kernel from where it lies, without a copy. Until the
   * turn ends, or `flush`, it is not changed. At most 64 of them, each of its own ArrayBuffer.
   *
   * @throws the system's error: `ENOSPC` where there are 64.
   */
  registerMemory(memory: Uint8Array): void {
    this.#checked('registerMemory', this.sends.register(memory))
  }

  unregisterMemory(memory: Uint8Array): void {
    this.sends.unregister(memory)
  }

  /** Hands what was sent to the kernel now, and not when the turn ends. */
  flush(): void {
    this.sends.flush()
  }

  /** What happened since it was made. */
  stats(): PollerStats {
    return this.#poller.stats()
  }

  /** Ends it, with everything that it waits for. Engines that run on it are stopped first. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.sends.flush()
    this.#owners.length = 0
    this.#poller.destroy()
  }

  // For transports.

  /** Calls `owner` for what happens to the slot, and keeps the event loop going for it. */
  adopt(slot: number, owner: SlotOwner): void {
    this.#owners[slot] = owner
    if (this.#holds++ === 0) this.#poller.hold()
  }

  /** Closes what is behind the slot, where it is the reactor's. */
  release(slot: number, withReset = false): void {
    if (this.#isClosed) return
    this.#owners[slot] = undefined
    this.#poller.release(slot, withReset)
    if (--this.#holds === 0) this.#poller.letGo()
  }

  setInterest(slot: number, events: number): void {
    this.#checked('epoll_ctl', this.#poller.setInterest(slot, events))
  }

  get poller(): Poller {
    return this.#poller
  }

  /** The arena's bytes: the same Buffer where the same were asked for before. */
  arenaView(offset: number, bytes: number): Buffer {
    return this.#views.view(this.#arena, offset, offset + bytes)
  }

  /** Sees to it that what is in `sends` is sent soon: at the end of the turn, or of the microtasks. */
  scheduleFlush(): void {
    if (this.#isDispatching || this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    queueMicrotask(() => {
      this.#isFlushScheduled = false
      if (!this.#isClosed) this.sends.flush()
    })
  }

  #dispatch(count: number): void {
    const { records } = this.#poller
    this.#isDispatching = true
    for (let at = 0; at < count * 4; at += 4) {
      // A slot that was released meanwhile has no owner, and is not used again within the turn.
      const owner = this.#owners[records[at] as number]
      if (owner === undefined) continue
      const kind = records[at + 1] as number
      try {
        owner.onRecord(kind, records[at + 2] as number, records[at + 3] as number)
      } catch (error) {
        // The rest of the batch is not lost for it.
        process.nextTick(() => {
          throw error
        })
      }
    }
    this.#isDispatching = false
    if (!this.#isClosed) this.sends.flush()
  }

  #checked(syscall: string, result: number): number {
    if (result < 0) throw new SystemError(syscall, result)
    return result
  }
}

function eventsOf({ readable = false, writable = false }: WatchInterest): number {
  return (readable ? EpollEvents.in : 0) | (writable ? EpollEvents.out : 0)
}
