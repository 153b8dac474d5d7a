import { checkInteger } from '../arguments.ts'
import { HIGHEST_TIMER_US } from './limits.ts'
import { EpollEvents } from './native-addon.ts'
import type { Reactor, SlotOwner } from './reactor.ts'
import { systemError } from './system-error.ts'

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

/** Something that the reactor waits for. After the reactor's `close`, every call does nothing. */
export interface Watch {
  /**
   * What is waited for from now on. Where that is nothing, a hang-up is told once.
   *
   * @throws the system's error: `EBADF` where the descriptor was closed meanwhile.
   */
  update(interest: WatchInterest): void
  /** Ends it. The descriptor stays open. Harmless the second time. */
  close(): void
}

/** A timer of microsecond resolution. After the reactor's `close`, every call does nothing. */
export interface ReactorTimer {
  /**
   * Calls back after `firstUs`, then every `intervalUs` where that is not 0. What was set before is
   * forgotten. 1 µs to 2^52 µs; `firstUs` of 0 stops it.
   *
   * @throws {ArgumentError} where one of them is out of its range.
   */
  set(firstUs: number, intervalUs?: number): void
  /** Harmless the second time. */
  close(): void
}

export function eventsOf({ readable = false, writable = false }: WatchInterest): number {
  return (readable ? EpollEvents.in : 0) | (writable ? EpollEvents.out : 0)
}

/** A slot with somebody who waits for it. */
abstract class SlotWatch implements SlotOwner {
  protected readonly reactor: Reactor
  protected readonly slot: number
  protected isOpen = true

  constructor(reactor: Reactor, slot: number) {
    this.reactor = reactor
    this.slot = slot
    reactor.adopt(slot, this)
  }

  abstract onRecord(kind: number, a: number): void

  onReactorClose(): void {
    this.isOpen = false
  }

  close(): void {
    if (this.isOpen) this.reactor.release(this.slot)
    this.isOpen = false
  }

  protected setInterest(events: number): void {
    const result = this.reactor.setInterest(this.slot, events)
    if (result < 0) throw systemError('epoll_ctl', result)
  }
}

/** Waits for somebody else's descriptor. */
export class DescriptorWatch extends SlotWatch implements Watch {
  readonly #onReady: (readiness: Readiness) => void
  #events: number

  constructor(
    reactor: Reactor,
    slot: number,
    interest: WatchInterest,
    onReady: (readiness: Readiness) => void,
  ) {
    super(reactor, slot)
    this.#events = eventsOf(interest)
    this.#onReady = onReady
  }

  update(interest: WatchInterest): void {
    if (!this.isOpen) return
    this.#events = eventsOf(interest)
    this.setInterest(this.#events)
  }

  onRecord(_kind: number, events: number): void {
    // What is ready was looked up before an `update` in the same turn.
    const asked = events & this.#events
    const hungUp = (events & (EpollEvents.error | EpollEvents.hangUp)) !== 0
    if (asked === 0 && !hungUp) return
    this.#onReady({
      readable: (asked & EpollEvents.in) !== 0,
      writable: (asked & EpollEvents.out) !== 0,
      hungUp,
    })
  }
}

/** Waits for an eventfd. */
export class EventFdWatch extends SlotWatch implements Watch {
  readonly #onSignal: (count: number) => void
  #isReading = true
  /** Taken from the eventfd's counter while nobody wanted to hear of it. */
  #untold = 0

  constructor(reactor: Reactor, slot: number, onSignal: (count: number) => void) {
    super(reactor, slot)
    this.#onSignal = onSignal
  }

  update({ readable = false }: WatchInterest): void {
    if (!this.isOpen) return
    this.#isReading = readable
    this.setInterest(eventsOf({ readable }))
    if (readable && this.#untold > 0) setImmediate(() => this.#tell(0))
  }

  onRecord(_kind: number, count: number): void {
    this.#tell(count)
  }

  #tell(count: number): void {
    this.#untold = Math.min(this.#untold + count, MOST_SIGNALS)
    if (!this.#isReading || !this.isOpen || this.#untold === 0) return
    const signals = this.#untold
    this.#untold = 0
    this.#onSignal(signals)
  }
}

/** What a record of the addon can count to. */
const MOST_SIGNALS = 2 ** 31 - 1

/** A timerfd. */
export class TimerWatch extends SlotWatch implements ReactorTimer {
  readonly #onExpire: (count: number) => void
  /** The batch in which it was set: what that batch still tells is of the setting before. */
  #setInBatch = 0

  constructor(reactor: Reactor, slot: number, onExpire: (count: number) => void) {
    super(reactor, slot)
    this.#onExpire = onExpire
  }

  set(firstUs: number, intervalUs = 0): void {
    checkInteger('firstUs', firstUs, 0, HIGHEST_TIMER_US)
    checkInteger('intervalUs', intervalUs, 0, HIGHEST_TIMER_US)
    if (!this.isOpen) return
    this.#setInBatch = this.reactor.batch
    const { poller } = this.reactor
    const result = poller.setTimer(this.slot, firstUs, firstUs === 0 ? 0 : intervalUs)
    if (result < 0) throw systemError('timerfd_settime', result)
  }

  onRecord(_kind: number, count: number): void {
    if (this.#setInBatch !== this.reactor.batch) this.#onExpire(count)
  }
}
