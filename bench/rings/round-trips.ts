import { createHistogram } from 'node:perf_hooks'
import type { ResultLine, WindowTimes } from './window.ts'

/** Notes how long round trips take, after a warm-up. As in round_trips.c. */
export class RoundTrips {
  readonly #times: WindowTimes
  readonly #pauseMs: number
  /** In nanoseconds, right to a thousandth. */
  readonly #latencies = createHistogram({ figures: 3 })
  #firstMs = 0
  #countFromMs = 0

  /** @param pauseUs how long to wait between two, so that the other side goes to sleep. */
  constructor(times: WindowTimes, pauseUs: number) {
    this.#times = times
    this.#pauseMs = pauseUs / 1000
  }

  /** Waits, then says when the next one begins. */
  begin(): number {
    let now = performance.now()
    if (this.#pauseMs === 0) return now
    const until = now + this.#pauseMs
    while (now < until) now = performance.now()
    return now
  }

  /** @returns what there is to say when it has been long enough; never without a round trip. */
  end(beginMs: number): ResultLine | undefined {
    const now = performance.now()
    if (this.#firstMs === 0) {
      // The first one may have waited for the other side's start.
      this.#firstMs = now
    } else if (this.#countFromMs === 0) {
      if (now - this.#firstMs >= this.#times.warmupMs) this.#countFromMs = now
    } else {
      this.#latencies.record(Math.max(1, Math.round((now - beginMs) * 1e6)))
      if (now - this.#countFromMs >= this.#times.durationMs) return this.#result(now)
    }
    return undefined
  }

  #result(now: number): ResultLine {
    const messages = this.#latencies.count
    const elapsedS = (now - this.#countFromMs) / 1000
    const us = (percent: number) => this.#latencies.percentile(percent) / 1000
    return {
      ...{ event: 'result', messages, elapsedS, messagesPerS: messages / elapsedS },
      ...{ p50Us: us(50), p99Us: us(99), p999Us: us(99.9) },
    }
  }
}
