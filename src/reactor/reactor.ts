import { markAsUntransferable } from 'node:worker_threads'
import { checkBytes, checkInteger } from '../arguments.ts'
import { ViewCache } from '../framing/view-cache.ts'
import { StateError } from './errors.ts'
import type { EventFd } from './event-fd.ts'
import { HIGHEST_BUSY_POLL_US, HIGHEST_DESCRIPTOR, HIGHEST_REGISTERED_BYTES } from './limits.ts'
import {
  loadAddon,
  type Poller,
  type ReactorStats,
  RecordKind,
  requireAddon,
} from './native-addon.ts'
import { ReceiveBuffers } from './receive-buffers.ts'
import { SendList } from './send-list.ts'
import { orDescriptorsError, systemError } from './system-error.ts'
import { throwLater } from './throw-later.ts'
import {
  DescriptorWatch,
  EventFdWatch,
  eventsOf,
  type ReactorTimer,
  type Readiness,
  TimerWatch,
  type Watch,
  type WatchInterest,
} from './watches.ts'
import { ZeroCopySends } from './zero-copy-sends.ts'

/**
 * In later versions the mark is a key without which memory cannot be detached, and Node aborts as it
 * ends where that is so for memory of an addon.
 */
const CAN_MARK_MEMORY = Number.parseInt(process.versions.node, 10) <= 20

export interface ReactorOptions {
  /**
   * How long the reactor goes on asking for events after it handled some, before it sleeps: 0 to
   * 1,000 microseconds. Default 0. It answers sooner by the time that waking takes, and keeps one
   * processor busy for that long after each event.
   */
  readonly busyPollUs?: number
}

/** What the reactor calls for a slot. */
export interface SlotOwner {
  onRecord(kind: number, a: number, b: number): void
  /** The reactor closes. The slot can still be asked about, and released. */
  onReactorClose(): void
}

/**
 * Waits for many descriptors at a time, by an epoll instance of its own under Node's event loop, and
 * lives in the thread that made it. What is ready is taken in batches: every ready socket is read
 * into one arena, or behind what is kept of it, then everything is handed out at once, and what was
 * sent meanwhile goes to the kernel at the end.
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
  #batch = 0
  /** Slots of listeners that were closed in this batch. */
  readonly #retired: number[] = []
  #isDispatching = false
  #isFlushScheduled = false
  #isClosed = false
  #lastStats: ReactorStats | undefined

  /** What is to be sent when the turn ends. For transports. */
  readonly sends: SendList
  /** Where what was read stays that cannot be handled yet. For transports. */
  readonly receives: ReceiveBuffers
  /** What the kernel sends without a copy. For transports. */
  readonly zeroCopySends: ZeroCopySends

  /** Why there can be no reactor here, or `undefined`. */
  static get unavailable(): string | undefined {
    const addon = loadAddon()
    return 'reason' in addon ? addon.reason : undefined
  }

  /** The thread's own, made at the first call, and anew where it was closed. */
  static get shared(): Reactor {
    if (Reactor.#shared === undefined || Reactor.#shared.#isClosed) Reactor.#shared = new Reactor()
    return Reactor.#shared
  }

  /**
   * @throws {ArgumentError} where an option is out of its range.
   * @throws {StateError} `ERR_CARILLON_NO_EPOLL` where there can be none here.
   * @throws {DescriptorsError} `ERR_CARILLON_DESCRIPTORS` where no descriptor is left.
   */
  constructor(options: ReactorOptions = {}) {
    const busyPollUs = checkInteger('busyPollUs', options.busyPollUs ?? 0, 0, HIGHEST_BUSY_POLL_US)
    const addon = requireAddon()
    try {
      this.#poller = new addon.Poller((count) => this.#dispatch(count), busyPollUs)
    } catch (error) {
      throw orDescriptorsError(error)
    }
    const { arena } = this.#poller
    // Whoever hands on a borrowed message, and its memory with it, must not take away the arena.
    if (CAN_MARK_MEMORY) markAsUntransferable(arena.buffer)
    this.#arena = Buffer.from(arena.buffer, arena.byteOffset, arena.length)
    this.receives = new ReceiveBuffers(this.#poller, this.#arena, addon.limits)
    this.sends = new SendList(this.#poller, addon.limits)
    this.zeroCopySends = new ZeroCopySends(this.#poller)
  }

  /**
   * Waits for a descriptor of somebody else: a device, a pipe, a socket. Calls back while it is
   * ready, at every turn. Close the watch before the descriptor.
   *
   * @throws {ArgumentError} where `fd` is no integer of 0 to 2^31-1.
   * @throws {StateError} where the reactor is closed.
   * @throws the system's error: `EPERM` for a regular file, `EEXIST` where it is watched already,
   *   `EBADF` where it is not open.
   */
  watch(fd: number, interest: WatchInterest, onReady: (readiness: Readiness) => void): Watch {
    checkInteger('fd', fd, 0, HIGHEST_DESCRIPTOR)
    this.requireOpen('watch')
    const slot = this.#checked('epoll_ctl', this.#poller.watch(fd, eventsOf(interest)))
    return new DescriptorWatch(this, slot, interest, onReady)
  }

  /**
   * Waits for an eventfd. Calls back once for any number of signals since the last time. Its owner
   * may close it meanwhile: the watch then hears nothing more. Where there are two watches of one
   * eventfd, each signal is told by either of them.
   *
   * @param onSignal told how many, at most 2^31-1.
   * @throws {StateError} where the reactor is closed.
   * @throws {DescriptorsError} where no descriptor is left: it waits at a copy.
   * @throws the system's error: `EBADF` where the eventfd is closed.
   */
  watchEventFd(eventFd: EventFd, onSignal: (count: number) => void): Watch {
    this.requireOpen('watchEventFd')
    const { eventFd: handle } = eventFd.handle
    const slot = this.#checked('epoll_ctl', this.#poller.watchEventFd(handle))
    return new EventFdWatch(this, slot, onSignal)
  }

  /**
   * A timer, not set yet: Linux's timerfd, on the monotonic clock.
   *
   * @param onExpire told how often it went off since the last time, at most 2^31-1.
   * @throws {StateError} where the reactor is closed.
   * @throws {DescriptorsError} where no descriptor is left; else the system's error.
   */
  timer(onExpire: (count: number) => void): ReactorTimer {
    this.requireOpen('timer')
    const slot = this.#checked('timerfd_create', this.#poller.addTimer())
    return new TimerWatch(this, slot, onExpire)
  }

  /**
   * Makes what is sent from `memory` go to the kernel from where it lies, without a copy. Until the
   * turn ends, or `flush`, it is not changed. At most 64 of them, of at most 2 GiB less one byte,
   * each of its own ArrayBuffer. A message that lies there and is gone when it is to be sent, because
   * the ArrayBuffer was transferred or made smaller, breaks its connection (`ERR_CARILLON_DETACHED`).
   *
   * @throws {ArgumentError} where it is larger, or no Uint8Array.
   * @throws {StateError} where the reactor is closed.
   * @throws the system's error: `ENOSPC` where there are 64, `EEXIST` where a part of its ArrayBuffer
   *   is registered already.
   */
  registerMemory(memory: Uint8Array): void {
    checkBytes('memory', memory)
    checkInteger('memory.length', memory.length, 0, HIGHEST_REGISTERED_BYTES)
    this.requireOpen('registerMemory')
    this.#checked('registerMemory', this.sends.register(memory))
  }

  /** Sends what is still to be sent from there, and forgets it. Harmless where it is not registered. */
  unregisterMemory(memory: Uint8Array): void {
    if (!this.#isClosed) this.sends.unregister(memory)
  }

  /** Hands what was sent to the kernel now, and not when the turn ends. */
  flush(): void {
    if (!this.#isClosed) this.sends.flush()
  }

  /** What happened since it was made, until it was closed. */
  stats(): ReactorStats {
    if (this.#lastStats !== undefined) return this.#lastStats
    const { keptParts, unkeptParts, usedCount: receiveBuffers } = this.receives
    return { ...this.#poller.stats(), keptParts, unkeptParts, receiveBuffers }
  }

  /**
   * Ends it, with everything that it waits for. Engines that run on it are stopped first: else their
   * connections break, with `ECANCELED`, and they accept no more. Harmless the second time.
   */
  close(): void {
    if (this.#isClosed) return
    this.sends.flush()
    for (const owner of this.#owners) owner?.onReactorClose()
    this.#isClosed = true
    this.#lastStats = this.stats()
    this.#owners.length = 0
    // Breaks off what the kernel still sends from, and waits a moment for what devices hold of it.
    this.#poller.destroy()
    this.zeroCopySends.abandon()
  }

  // For transports.

  /** @throws {StateError} where it is closed. */
  requireOpen(call: string): void {
    if (!this.#isClosed) return
    throw new StateError('ERR_CARILLON_STATE', `${call}() needs a reactor that is not closed`)
  }

  /** Calls `owner` for what happens to the slot, and keeps the event loop going for it. */
  adopt(slot: number, owner: SlotOwner): void {
    this.#owners[slot] = owner
    if (this.#holds++ === 0) this.#poller.hold()
  }

  /** Closes what is behind the slot, where it is the reactor's. */
  release(slot: number, withReset = false): void {
    if (this.#isClosed) return
    this.#owners[slot] = undefined
    const lingers = this.#poller.release(slot, withReset)
    // Until it has gone, the event loop goes on for it.
    if (!lingers) this.#letGo()
  }

  /**
   * As `release`, of a listener: it is told of what was accepted before, which is in the batch under
   * way and somebody's to close.
   */
  retire(slot: number): void {
    const owner = this.#owners[slot]
    this.release(slot)
    if (!this.#isDispatching || this.#isClosed) return
    this.#owners[slot] = owner
    this.#retired.push(slot)
  }

  /** 0, or a negative error number. */
  setInterest(slot: number, events: number): number {
    return this.#isClosed ? 0 : this.#poller.setInterest(slot, events)
  }

  /** Counts the batches that were told. Another one than before: what was ready is known anew. */
  get batch(): number {
    return this.#batch
  }

  get poller(): Poller {
    return this.#poller
  }

  /** The arena's bytes: the same Buffer where the same were asked for before. */
  arenaView(offset: number, bytes: number): Buffer {
    const view = this.#views.view(this.#arena, offset, offset + bytes)
    this.sends.locate(view, this.#arena.byteOffset + offset)
    return view
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

  #letGo(): void {
    if (--this.#holds === 0) this.#poller.letGo()
  }

  /** What is told of slots that may have no owner any more. */
  #tellUnowned(kind: number, a: number): void {
    if (kind === RecordKind.finished) this.zeroCopySends.finish(a)
    else if (kind === RecordKind.gone && !this.#isClosed) this.#letGo()
  }

  #dispatch(count: number): void {
    const { records } = this.#poller
    this.#isDispatching = true
    this.#batch++
    for (let at = 0; at < count * 4; at += 4) {
      const kind = records[at + 1] as number
      if (kind >= RecordKind.finished) {
        this.#tellUnowned(kind, records[at + 2] as number)
        continue
      }
      // A slot that was released meanwhile has no owner, and is not used again within the turn.
      const owner = this.#owners[records[at] as number]
      if (owner === undefined) continue
      try {
        owner.onRecord(kind, records[at + 2] as number, records[at + 3] as number)
      } catch (error) {
        // The rest of the batch is not lost for it.
        throwLater(error)
      }
    }
    this.#isDispatching = false
    if (this.#retired.length > 0) this.#forgetRetired()
    // What is set from here on is newer than what was told.
    this.#batch++
    if (this.#isClosed) return
    this.sends.flush()
    this.receives.endTurn()
  }

  #forgetRetired(): void {
    for (const slot of this.#retired) this.#owners[slot] = undefined
    this.#retired.length = 0
  }

  #checked(syscall: string, result: number): number {
    if (result < 0) throw systemError(syscall, result)
    return result
  }
}
