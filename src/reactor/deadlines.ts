import { LEAST_TICK_MS, MOST_TICK_MS, TICKS_PER_TIMEOUT } from './limits.ts'
import type { TcpEngineOptions } from './tcp-engine-options.ts'

/** Who has time limits. */
export interface Watched {
  /** Called at every tick. */
  checkDeadlines(): void
}

/** The time limits that may end a client, 0 where there is none. */
export type TimeLimits = Pick<
  Required<TcpEngineOptions>,
  'idleTimeoutMs' | 'handshakeTimeoutMs' | 'messageTimeoutMs' | 'closeTimeoutMs'
>

/**
 * The time limits of all clients of an engine, by one timer which looks at each of them at every
 * tick. A client notes the tick at which something happened to it, which costs nothing; a timer of
 * its own would have to be moved at every message.
 *
 * Time is counted in ticks that took place. Where the process was busy, or stopped, for a minute,
 * that is one tick: what has arrived meanwhile is read before anybody is taken to be silent. The
 * timer runs while somebody is watched and keeps no process alive.
 */
export class Deadlines {
  /** Ticks so far. */
  tick = 0
  readonly tickMs: number
  /** Whether clients that are not being closed have a limit. */
  readonly watchesOpenClients: boolean
  readonly #watched = new Set<Watched>()
  #timer: NodeJS.Timeout | undefined

  constructor(limits: TimeLimits) {
    const { idleTimeoutMs, handshakeTimeoutMs, messageTimeoutMs, closeTimeoutMs } = limits
    const ofOpenClients = [idleTimeoutMs, handshakeTimeoutMs, messageTimeoutMs].filter(Boolean)
    this.watchesOpenClients = ofOpenClients.length > 0
    const shortestMs = Math.min(...ofOpenClients, closeTimeoutMs)
    const tickMs = Math.floor(shortestMs / TICKS_PER_TIMEOUT)
    this.tickMs = Math.min(Math.max(tickMs, LEAST_TICK_MS), MOST_TICK_MS)
  }

  /** Whether at least `timeoutMs` have passed since something that happened at tick `since`. */
  isOver(since: number, timeoutMs: number): boolean {
    // One less: it may have happened at the very end of that tick.
    return (this.tick - since - 1) * this.tickMs >= timeoutMs
  }

  watch(client: Watched): void {
    this.#watched.add(client)
    this.#timer ??= setInterval(() => this.#advance(), this.tickMs).unref()
  }

  unwatch(client: Watched): void {
    this.#watched.delete(client)
    if (this.#watched.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #advance(): void {
    this.tick++
    for (const client of this.#watched) client.checkDeadlines()
  }
}
