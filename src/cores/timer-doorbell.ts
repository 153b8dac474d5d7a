import { checkInteger } from '../arguments.ts'
import { Reactor } from '../reactor/reactor.ts'
import type { ReactorTimer } from '../reactor/watches.ts'
import type { Doorbell } from './doorbell.ts'

/** The shortest and the longest period, in microseconds. */
export const TIMER_DOORBELL_US_MIN = 50
export const TIMER_DOORBELL_US_MAX = 1_000_000

/** A thousand looks a second: about 1 % of a processor, and half a millisecond late on average. */
export const DEFAULT_TIMER_DOORBELL_US = 1000

/**
 * For a core without an interrupt to this host: looks at the rings again and again. Where the core does
 * the same, `ring` has nothing to do. The reactor never sleeps for longer than a period.
 */
export class TimerDoorbell implements Doorbell {
  readonly #timer: ReactorTimer

  /**
   * @param periodUs from {@link TIMER_DOORBELL_US_MIN} to {@link TIMER_DOORBELL_US_MAX} microseconds.
   *   Default {@link DEFAULT_TIMER_DOORBELL_US}.
   * @param reactor has the timer. Default: the thread's own.
   * @throws {ArgumentError} where the period is out of range.
   */
  constructor(
    onBell: () => void,
    periodUs: number = DEFAULT_TIMER_DOORBELL_US,
    reactor: Reactor = Reactor.shared,
  ) {
    checkInteger('periodUs', periodUs, TIMER_DOORBELL_US_MIN, TIMER_DOORBELL_US_MAX)
    this.#timer = reactor.timer(onBell)
    this.#timer.set(periodUs, periodUs)
  }

  ring(): void {}

  close(): void {
    this.#timer.close()
  }
}
