export interface WindowTimes {
  readonly warmupMs: number
  readonly durationMs: number
}

/** The line by which the side that measures says what it found. */
export interface ResultLine {
  readonly event: 'result'
  readonly messages: number
  readonly elapsedS: number
  readonly messagesPerS: number
  readonly p50Us?: number
  readonly p99Us?: number
  readonly p999Us?: number
}

/** Looking at the clock takes as long as a few messages. */
const TURNS_PER_LOOK = 64

/** Counts what was received: begins with the first message, warms up, counts. As in window.c. */
export class ReceiveWindow {
  readonly #times: WindowTimes
  #state: 'waits' | 'warms up' | 'counts' = 'waits'
  #beginMs = 0
  #messages = 0
  #turns = 0

  constructor(times: WindowTimes) {
    this.#times = times
  }

  /**
   * To be called after each look for messages.
   *
   * @returns what there is to say at the end; never for a window without a message.
   */
  turn(messages: number): ResultLine | undefined {
    this.#messages += messages
    this.#turns++
    return this.#turns % TURNS_PER_LOOK === 0 && this.#messages > 0 ? this.#look() : undefined
  }

  #look(): ResultLine | undefined {
    const now = performance.now()
    const elapsedMs = now - this.#beginMs
    if (this.#state === 'waits') {
      this.#state = 'warms up'
      this.#beginMs = now
    } else if (this.#state === 'warms up' && elapsedMs >= this.#times.warmupMs) {
      this.#state = 'counts'
      this.#beginMs = now
      this.#messages = 0
    } else if (this.#state === 'counts' && elapsedMs >= this.#times.durationMs) {
      const [messages, elapsedS] = [this.#messages, elapsedMs / 1000]
      return { event: 'result', messages, elapsedS, messagesPerS: messages / elapsedS }
    }
    return undefined
  }
}
